// The exercise page: one live socket; squeezing as one likes, an exercise that is led, or its end.

const PAINT_MS = 28; // at most every second frame of a 60 Hz screen: smooth, and easy on a tablet
const GONE_MS = 4000; // so long the page waits for word of an exercise that it knows of

const running = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  let board = running.get(parentElement);
  if (board && board.data.child === data.child && !board.stopped) board.update(data, setTriggerValue);
  else {
    board?.close();
    board = new Board(parentElement, data, setTriggerValue);
    running.set(parentElement, board);
  }
  return () => board.close();
}

class Board {
  constructor(root, data, trigger) {
    this.stage = root.querySelector(".stage");
    this.holder = this.stage.querySelector(".panels");
    this.template = root.querySelector("template");
    this.panels = new Map();
    this.holder.replaceChildren();
    this.delivery = "up";
    this.hub = undefined; // whether the hub on the dashboard's machine answers; a clinic's has none
    this.data = data;
    this.trigger = trigger;
    this.since = performance.now();
    const say = (word) => this.socket.say(word);
    this.led = new Led(root, data, say);
    this.over = new Over(root, data, (what, view) => this.leave(what, view));
    this.socket = new LiveSocket(data.child, (message) => this.receive(message), () => this.refresh());
    this.watch = setInterval(() => this.refresh(), 500);
    this.refresh();
  }

  update(data, trigger) {
    this.since = data.led === this.data.led ? this.since : performance.now();
    this.data = data;
    this.trigger = trigger;
    this.led.update(data);
    this.over.update(data);
    for (const panel of this.panels.values()) panel.data = data;
    if (this.view?.ended_by && this.view.exercise_id === data.left) this.view = undefined;
    this.refresh();
  }

  receive(message) {
    if (message.delivery) this.delivery = message.delivery;
    else if (typeof message.hub === "boolean") this.hub = message.hub;
    else if ("answer" in message) this.led.answered(message);
    else if (message.exercise && !message.tool_id) this.take(message.exercise);
    else {
      let panel = this.panels.get(message.tool_id);
      if (!panel) {
        for (const [id, other] of this.panels) if (other.hand === message.hand && other.state !== "streaming") this.remove(id);
        panel = new Panel(this.template, message.hand, this.data);
        this.panels.set(message.tool_id, panel);
        if (message.hand === this.data.hands[0]) this.holder.prepend(panel.element); else this.holder.append(panel.element);
      }
      panel.take(message);
      if (message.exercise) this.take(message.exercise);
      this.go();
    }
    this.refresh();
  }

  // What is over does not come back with a frame that was slower than the answer to "stop".
  take(view) {
    const known = this.view;
    if (known?.exercise_id === view.exercise_id && known.ended_by && !view.ended_by) return;
    // nor is an end shown that nobody here was there for, or that was looked at
    const ours = known?.exercise_id === view.exercise_id || this.data.led === view.exercise_id;
    if (view.ended_by && (!ours || view.exercise_id === this.data.left)) return;
    this.view = view;
    if (!view.ended_by && view.exercise_id !== this.data.led && view.exercise_id !== this.began) {
      this.began = view.exercise_id; // the page takes its choice of exercises away
      this.trigger("event", { what: "began", exercise_id: view.exercise_id });
    }
    this.refresh();
    if (view.ended_by) this.over.show(view, this.led.calm);
    this.led.show(view);
    this.go();
  }

  leave(what, view) {
    this.data = { ...this.data, left: view.exercise_id, led: "" };
    this.view = undefined;
    this.trigger("event", { what, exercise_id: view.exercise_id, item_id: view.item_id, sessions: view.sessions, kind: view.kind ?? "squeezes" });
    this.refresh();
  }

  remove(id) {
    const panel = this.panels.get(id);
    panel.element.remove();
    panel.resized.disconnect();
    this.panels.delete(id);
  }

  get answering() { return this.socket?.online !== false && this.delivery === "up"; }

  refresh() {
    if (!this.led || !this.over) return;
    for (const panel of this.panels.values()) panel.refresh(this.answering);
    const streaming = [...this.panels.values()].some((panel) => panel.state === "streaming");
    const free = streaming ? "streaming" : [...this.panels.values()][0]?.state ?? "waiting";
    const state = this.socket?.online === false ? this.socket.lost : this.delivery !== "up" ? "hub_away" : free;
    const mode = !this.view ? "free" : this.view.ended_by ? "over" : "led";
    const { words } = this.data;
    Object.assign(this.stage.dataset, { state, mode });
    this.led.element.hidden = mode !== "led";
    this.over.element.hidden = mode !== "over";
    this.holder.hidden = mode !== "free";
    this.led.wake(mode === "led" && !this.stopped && !document.hidden);
    this.stage.toggleAttribute("data-panels", this.panels.size > 0);
    const noticed = (state === "waiting" || !this.answering) && mode === "free";
    this.stage.toggleAttribute("data-quiet", !noticed); // the panel says it itself
    this.holder.dataset.count = this.panels.size;
    if (noticed) {
      setText(this.stage.querySelector(".notice h2"), words[`${state}.title`]);
      const goal = state === "waiting" && this.data.goal ? ` ${fill(words.goal_is, { goal: this.data.goal })}` : "";
      setText(this.stage.querySelector(".notice p"), words[`${state}.text`] + goal);
    }
    // what the page takes for under way is long over, or was another hub's
    if (this.data.led && !this.view && this.answering && performance.now() - this.since > GONE_MS) {
      this.since = Infinity;
      this.trigger("event", { what: "gone", exercise_id: this.data.led });
    }
    this.led.lost = this.socket?.online === false ? `lost.${state}` : state === "hub_away" || (this.hub === false && this.heard && !streaming) ? "lost.hub" : "";
    if (this.hub) this.heard = true;
    this.led.refresh();
  }

  go() { this.frame ??= requestAnimationFrame((now) => this.paint(now)); }

  paint(now) {
    this.frame = undefined;
    if (this.stopped) return;
    if (this.painted && now - this.painted < PAINT_MS) return this.go();
    const dt = this.painted ? Math.min((now - this.painted) / 1000, 0.25) : 0;
    this.painted = now;
    this.paints = [...(this.paints ?? []), now].filter((at) => at > now - 1000);
    const tracks = new Map();
    let moving = false;
    for (const panel of this.panels.values()) {
      panel.track.advance(dt);
      moving ||= panel.track.moving;
      if (!tracks.has(panel.hand) || panel.track.moving) tracks.set(panel.hand, panel.track);
      if (!this.holder.hidden) panel.draw();
    }
    const led = this.stage.dataset.mode === "led";
    if (led) this.led.paint(now, dt, tracks);
    const canvases = led ? [this.led.canvas] : [...this.panels.values()].map((panel) => panel.canvas);
    for (const canvas of canvases) canvas.dataset.fps = moving || led ? this.paints.length : 0;
    // a balloon comes down, a flower opens, also when nothing more is heard
    if (moving || led) this.go();
    else { this.painted = 0; this.paints = []; }
  }

  close() {
    this.stopped = true;
    clearInterval(this.watch);
    cancelAnimationFrame(this.frame);
    this.socket.close();
    this.led.close();
    this.over.close();
    for (const panel of this.panels.values()) panel.resized.disconnect();
  }
}
