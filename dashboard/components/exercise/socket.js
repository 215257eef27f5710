// The live socket: what comes is handed on, what is pressed goes out, a lost connection is taken up again.

const RETRY_MS = [500, 1000, 2000, 5000];
const CLOSED = { 1008: "not_allowed", 1013: "people_away" }; // what the server closes with
const STOPS = new Set(["stop", "pain"]); // said while nobody hears it, they are said again
const MEANT_MS = 60000; // for so long: later it might be another exercise that is stopped

class LiveSocket {
  constructor(child, receive, changed) {
    this.url = `${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}/live/${child}`;
    this.receive = receive;
    this.changed = changed;
    this.online = true;
    this.lost = "disconnected"; // why it is not online
    this.tries = 0;
    this.connect();
  }

  connect() {
    const socket = (this.socket = new WebSocket(this.url));
    let heard = false; // a server that closes it with a reason has opened it first
    socket.onmessage = (event) => {
      if (!heard) this.back();
      heard = true;
      this.receive(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (this.stopped) return;
      // whoever was signed out is refused without a reason when the page tries again
      const still = !this.online && this.lost === "not_allowed";
      this.lost = CLOSED[event.code] ?? (still ? this.lost : "disconnected");
      this.online = false;
      this.changed();
      this.retry = setTimeout(() => this.connect(), RETRY_MS[Math.min(this.tries++, RETRY_MS.length - 1)]);
    };
  }

  back() {
    this.tries = 0;
    this.online = true;
    if (this.waiting && performance.now() - this.saidAt < MEANT_MS) this.say(this.waiting);
    this.waiting = undefined;
    this.changed();
  }

  // Returns whether it went out; a stop that did not is said once the connection is back.
  say(word) {
    if (this.socket.readyState === WebSocket.OPEN) {
      this.waiting = undefined;
      this.socket.send(JSON.stringify(word));
      return true;
    }
    if (STOPS.has(word.do)) [this.waiting, this.saidAt] = [word, performance.now()];
    return false;
  }

  close() {
    this.stopped = true;
    clearTimeout(this.retry);
    this.socket.close();
  }
}
