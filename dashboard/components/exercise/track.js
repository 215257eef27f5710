// What one tool sent of late, played back at an even pace.

const WINDOW_S = 8; // what the curve shows
const DELAY_S = 0.12; // it trails the newest sample by two frames of 50 ms, so that it moves evenly
const QUIET_MS = 3000; // no frame for so long while streaming: the link is as good as lost

class Track {
  constructor() { this.clear(); }

  clear() {
    this.t = [];
    this.v = [];
    this.step = Infinity;
    this.head = this.scale = this.count = undefined;
  }

  take(frame) {
    if (frame.session_id !== this.session) {
      this.session = frame.session_id;
      this.clear();
    }
    const { t_s: t, values: v } = frame;
    if (t.length > 1) this.step = Math.min(this.step, (t[t.length - 1] - t[0]) / (t.length - 1));
    for (let i = 0; i < t.length; i++) if (!this.t.length || t[i] > this.t[this.t.length - 1]) { this.t.push(t[i]); this.v.push(v[i]); }
    const old = this.t[this.t.length - 1] - WINDOW_S - 2;
    const keep = this.t.findIndex((x) => x >= old);
    if (keep > 200) { this.t.splice(0, keep); this.v.splice(0, keep); }
    this.counted = this.count !== undefined && frame.count > this.count;
    this.count = frame.count;
    this.frame = frame;
    this.arrived = performance.now();
  }

  get state() {
    return this.frame.state === "streaming" && performance.now() - this.arrived > QUIET_MS ? "link_lost" : this.frame.state;
  }

  get moving() { return this.state === "streaming" && performance.now() - this.arrived < 1000; }

  // follow the tool's own time at an even pace, a little faster or slower where the delay is off
  advance(dt) {
    const newest = this.t[this.t.length - 1];
    if (newest === undefined) return;
    const behind = newest - DELAY_S - (this.head ?? newest - DELAY_S);
    if (this.head === undefined || Math.abs(behind) > 1) this.head = newest - DELAY_S;
    else this.head = Math.min(newest, this.head + dt * (1 + Math.max(-0.5, Math.min(0.5, behind * 2))));
  }

  // Above rest, at the head; null where nothing is known of it.
  get level() {
    if (this.head === undefined) return null;
    for (let i = this.t.length - 1; i >= 0; i--) if (this.t[i] <= this.head) return this.v[i] === null ? null : this.v[i] - this.frame.rest;
    return null;
  }
}
