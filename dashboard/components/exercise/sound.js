// Small soft sounds, made here; none until somebody switches them on.

const TUNES = { counted: [659], set: [523, 659, 784], done: [523, 659, 784, 1047], rest_over: [440, 554] };

class Sound {
  constructor() { this.on = false; }

  // In answer to a press: browsers let nothing sound before one.
  turn(on) {
    this.on = on;
    if (on) {
      this.audio ??= new AudioContext();
      this.audio.resume();
      this.play("counted");
    }
  }

  play(name) {
    if (!this.on || !this.audio) return;
    TUNES[name].forEach((hertz, i) => {
      const at = this.audio.currentTime + 0.02 + i * 0.14;
      const tone = this.audio.createOscillator();
      const loud = this.audio.createGain();
      tone.frequency.value = hertz;
      loud.gain.setValueAtTime(0, at);
      loud.gain.linearRampToValueAtTime(0.07, at + 0.03);
      loud.gain.exponentialRampToValueAtTime(0.0004, at + 0.5);
      tone.connect(loud).connect(this.audio.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    });
  }

  close() { this.audio?.close(); }
}
