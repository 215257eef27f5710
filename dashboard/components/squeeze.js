// The live squeeze page: one socket, one panel for each tool that streams, a canvas painted from a short buffer.

const WINDOW_S = 8; // what the curve shows
const DELAY_S = 0.12; // the curve trails the newest sample by two frames of 50 ms, so that it moves evenly
const QUIET_MS = 3000; // no frame for so long while streaming: the link is as good as lost
const PAINT_MS = 28; // at most every second frame of a 60 Hz screen: smooth, and easy on a tablet
const GAP_STEPS = 1.8; // a step this many times the usual one is a gap; nothing is drawn across it
const RETRY_MS = [500, 1000, 2000, 5000];

const QUANTITY = { N: "Force", kPa: "Pressure", count: "Raw reading, not calibrated", unknown: "Reading, unit unknown" };
const SUFFIX = { N: "N", kPa: "kPa", count: "counts", unknown: "" };
// smallest range shown, so that the tremble of a resting sensor does not fill the picture
const SPAN = { N: 10, kPa: 4, count: 100, unknown: 1 };
const TOOL = { ball: "Squeeze ball", putty: "Putty", dynamometer: "Dynamometer" };
const IT = { ball: "ball", putty: "putty", dynamometer: "grip" };

const NOTICES = {
  waiting: ["Ready when you are", "Pick up your ball or putty and give it one squeeze to wake it. It appears here by itself."],
  hub_away: ["GripHub is not answering", "Is the box with GripHub switched on? This page carries on by itself as soon as it is."],
  disconnected: ["This page lost its connection", "Squeezes are still counted. The page is trying to come back; if it stays like this, reload it."],
};

export default function ({ parentElement, data }) {
  running.get(parentElement)?.();
  const stop = start(parentElement, data);
  running.set(parentElement, stop);
  return stop;
}
const running = new WeakMap();

function start(root, data) {
  const stage = root.querySelector(".stage");
  const holder = stage.querySelector(".panels");
  const template = root.querySelector("template");
  const panels = new Map();
  holder.replaceChildren();
  let delivery = "up";
  let online = true;
  let stopped = false;
  let socket;
  let tries = 0;
  let retry;
  let frameRequest = 0;

  function connect() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    socket = new WebSocket(`${scheme}//${location.host}/live/${data.child}`);
    socket.onopen = () => { tries = 0; online = true; refresh(); };
    socket.onmessage = (event) => receive(JSON.parse(event.data));
    socket.onclose = () => {
      if (stopped) return;
      online = false;
      refresh();
      retry = setTimeout(connect, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
    };
  }

  function receive(message) {
    if (message.delivery) delivery = message.delivery;
    else {
      let panel = panels.get(message.tool_id);
      if (!panel) {
        for (const [id, other] of panels) if (other.hand === message.hand && other.state !== "streaming") remove(id);
        panel = new Panel(template, message.hand);
        panels.set(message.tool_id, panel);
        // the left hand stands on the left
        if (message.hand === "left") holder.prepend(panel.element); else holder.append(panel.element);
      }
      panel.take(message, data.goal);
      if (!frameRequest) frameRequest = requestAnimationFrame(paint);
    }
    refresh();
  }

  function remove(id) { panels.get(id).element.remove(); panels.get(id).resized.disconnect(); panels.delete(id); }

  function refresh() {
    for (const panel of panels.values()) panel.refresh(online && delivery === "up");
    const state = !online ? "disconnected" : delivery !== "up" ? "hub_away"
      : [...panels.values()].some((p) => p.state === "streaming") ? "streaming" : [...panels.values()][0]?.state ?? "waiting";
    stage.dataset.state = state;
    stage.toggleAttribute("data-panels", panels.size > 0);
    stage.toggleAttribute("data-quiet", !(state in NOTICES)); // the panel says it itself
    holder.dataset.count = panels.size;
    if (state in NOTICES) {
      const [title, text] = NOTICES[state];
      setText(stage.querySelector("h2"), title);
      setText(stage.querySelector(".notice p"), state === "waiting" && data.goal ? `${text} The goal is ${data.goal} squeezes.` : text);
    }
  }

  function paint(now) {
    frameRequest = 0;
    let moving = false;
    for (const panel of panels.values()) moving = panel.paint(now) || moving;
    if (moving && !stopped) frameRequest = requestAnimationFrame(paint);
  }

  connect();
  refresh();
  const watch = setInterval(refresh, 500);
  return () => {
    stopped = true;
    clearInterval(watch);
    clearTimeout(retry);
    cancelAnimationFrame(frameRequest);
    socket.close();
    for (const panel of panels.values()) panel.resized.disconnect();
  };
}

class Panel {
  constructor(template, hand) {
    this.element = template.content.cloneNode(true).querySelector(".panel");
    this.canvas = this.element.querySelector("canvas");
    this.hand = hand;
    this.state = "waiting";
    this.t = [];
    this.v = [];
    this.paints = [];
    this.resized = new ResizeObserver(() => { this.sized = false; if (!this.moving) this.draw(); });
    this.resized.observe(this.canvas);
  }

  take(frame, goal) {
    if (frame.session_id !== this.session) {
      this.session = frame.session_id;
      this.t = []; this.v = []; this.head = this.scale = undefined; this.step = Infinity; this.count = undefined;
    }
    const { t_s: t, values: v } = frame;
    if (t.length > 1) this.step = Math.min(this.step, (t[t.length - 1] - t[0]) / (t.length - 1));
    for (let i = 0; i < t.length; i++) if (!this.t.length || t[i] > this.t[this.t.length - 1]) { this.t.push(t[i]); this.v.push(v[i]); }
    const old = this.t[this.t.length - 1] - WINDOW_S - 2;
    const keep = this.t.findIndex((x) => x >= old);
    if (keep > 200) { this.t.splice(0, keep); this.v.splice(0, keep); }
    this.frame = frame;
    this.goal = frame.goal || goal;
    this.arrived = performance.now();
    if (this.count !== undefined && frame.count > this.count && frame.counted_at_s) this.canvas.dataset.delayMs = Math.round(Date.now() - frame.counted_at_s * 1000);
    this.count = frame.count;
  }

  refresh(answering) {
    const f = this.frame;
    const find = (name) => this.element.querySelector(name);
    this.state = f.state === "streaming" && performance.now() - this.arrived > QUIET_MS ? "link_lost" : f.state;
    if (!this.colour || performance.now() - this.themed > 1000) this.theme();
    setText(find(".hand"), f.hand === "left" ? "Left hand" : "Right hand");
    setText(find(".tool"), TOOL[f.tool_kind]);
    find(".simulated").hidden = f.source !== "simulated";
    setText(find(".count"), String(f.count));
    setText(find(".goal"), this.goal ? `of ${this.goal}` : f.count === 1 ? "squeeze" : "squeezes");
    const share = this.goal ? Math.min(1, f.count / this.goal) : 0;
    find(".done").style.strokeDasharray = `${share} 1`;
    find(".done").toggleAttribute("data-none", !share);
    setText(find(".words"), answering ? this.words(f) : "Your count is safe.");
    setText(find(".quantity"), QUANTITY[f.unit] + (SUFFIX[f.unit] && f.unit !== "count" ? ` in ${SUFFIX[f.unit]}` : ""));
    setText(find(".best"), f.best === null ? "" : `Best squeeze ${number(f.best, f.unit)}`);
    Object.assign(this.canvas.dataset, { state: this.state, count: f.count, goal: this.goal, tool: f.tool_id });
    this.canvas.setAttribute("aria-label", `${QUANTITY[f.unit]} over the last ${WINDOW_S} seconds. ${f.count} squeezes counted.`);
  }

  words(f) {
    const it = IT[f.tool_kind];
    if (this.state === "link_lost") return `The ${it} went quiet. Bring it nearer – your count is safe.`;
    const share = this.goal ? f.count / this.goal : 0;
    if (this.state === "ended") return share >= 1 ? "You did it! Well done." : f.count ? "Well done. See you next time!" : "All done for now.";
    if (!f.count) return "Squeeze and let go.";
    if (!this.goal) return "Lovely, keep going!";
    if (share >= 1) return "You did it! Every extra one is a bonus.";
    if (this.goal - f.count <= 2) return "Nearly there!";
    if (share >= 0.5) return "More than half – great work!";
    return f.count === 1 ? "That’s one. Off you go!" : "Lovely, keep going!";
  }

  theme() {
    const style = getComputedStyle(this.canvas);
    const hands = style.getPropertyValue("--st-chart-categorical-colors").split(",").map((c) => c.trim());
    this.themed = performance.now();
    this.colour = (this.hand === "left" ? hands[0] : hands[1]) || style.getPropertyValue("--st-primary-color");
    this.ink = style.getPropertyValue("--st-text-color");
    this.font = style.getPropertyValue("--st-font");
    this.element.style.setProperty("--hand", this.colour);
  }

  // Returns whether there is more to come.
  paint(now) {
    if (this.painted && now - this.painted < PAINT_MS) return true;
    const dt = this.painted ? Math.min((now - this.painted) / 1000, 0.25) : 0;
    this.painted = now;
    const newest = this.t[this.t.length - 1];
    if (newest === undefined) return false;
    // follow the tool's own time at an even pace, a little faster or slower where the delay is off
    const behind = newest - DELAY_S - (this.head ?? newest - DELAY_S);
    if (this.head === undefined || Math.abs(behind) > 1) this.head = newest - DELAY_S;
    else this.head = Math.min(newest, this.head + dt * (1 + Math.max(-0.5, Math.min(0.5, behind * 2))));
    this.draw();
    this.paints.push(now);
    while (this.paints[0] < now - 1000) this.paints.shift();
    this.canvas.dataset.fps = this.paints.length;
    this.moving = this.state === "streaming" && performance.now() - this.arrived < 1000;
    if (!this.moving) { this.painted = 0; this.paints = []; this.canvas.dataset.fps = 0; }
    return this.moving;
  }

  draw() {
    const canvas = this.canvas;
    const c = canvas.getContext("2d");
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (!width || this.head === undefined || !this.colour) return;
    if (!this.sized) { canvas.width = width * ratio; canvas.height = height * ratio; this.sized = true; }
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, width, height);

    const f = this.frame;
    const from = this.head - WINDOW_S;
    let low = f.rest;
    let high = f.rest + Math.max(SPAN[f.unit], (f.best ?? 0) * 1.12);
    for (let i = this.t.length - 1; i >= 0 && this.t[i] >= from; i--) {
      const v = this.v[i];
      if (v === null) continue;
      if (v < low) low = v;
      if (v > high) high = v;
    }
    const ease = this.scale ? 0.12 : 1;
    this.scale ??= { low, high };
    this.scale.low += (low - this.scale.low) * ease;
    this.scale.high += (high - this.scale.high) * ease;

    const pad = { left: 46, right: 14, top: 12, bottom: 12 };
    const x = (t) => pad.left + ((t - from) / WINDOW_S) * (width - pad.left - pad.right);
    const span = this.scale.high - this.scale.low || 1;
    const y = (v) => height - pad.bottom - ((v - this.scale.low) / span) * (height - pad.top - pad.bottom) * 0.94;

    c.font = `13px ${this.font || "sans-serif"}`;
    c.textBaseline = "middle";
    c.fillStyle = c.strokeStyle = this.ink;
    c.lineWidth = 1;
    const step = niceStep(span / 4);
    for (let v = Math.ceil(this.scale.low / step) * step; v <= this.scale.high; v += step) {
      c.globalAlpha = 0.12;
      line(c, pad.left, y(v), width - pad.right, y(v));
      c.globalAlpha = 0.7;
      c.textAlign = "right";
      c.fillText(String(+v.toFixed(6)), pad.left - 8, y(v));
    }
    if (f.best !== null) {
      c.globalAlpha = 0.55;
      c.setLineDash([5, 6]);
      line(c, pad.left, y(f.rest + f.best), width - pad.right, y(f.rest + f.best));
      c.setLineDash([]);
      c.textAlign = "left";
      c.fillText("best", pad.left + 6, y(f.rest + f.best) - 10);
    }

    c.save();
    c.beginPath();
    c.rect(pad.left, 0, width - pad.left - pad.right + 8, height);
    c.clip();
    c.strokeStyle = c.fillStyle = this.colour;
    c.lineWidth = 3.5;
    c.lineJoin = c.lineCap = "round";
    const first = this.t.findIndex((t) => t >= from - 0.2);
    let run = [];
    const flush = () => {
      if (run.length > 1) {
        c.globalAlpha = 0.16;
        c.beginPath();
        c.moveTo(run[0][0], y(f.rest));
        for (const p of run) c.lineTo(p[0], p[1]);
        c.lineTo(run[run.length - 1][0], y(f.rest));
        c.fill();
        c.globalAlpha = 1;
        c.beginPath();
        for (const p of run) c.lineTo(p[0], p[1]);
        c.stroke();
      }
      run = [];
    };
    let tip;
    for (let i = Math.max(first, 0); i < this.t.length && this.t[i] <= this.head; i++) {
      if (this.v[i] === null || (i && this.t[i] - this.t[i - 1] > GAP_STEPS * this.step)) flush();
      if (this.v[i] !== null) run.push((tip = [x(this.t[i]), y(this.v[i])]));
    }
    flush();
    c.restore();
    if (tip) {
      c.globalAlpha = 1;
      c.fillStyle = this.colour;
      c.beginPath();
      c.arc(tip[0], tip[1], 6.5, 0, 2 * Math.PI);
      c.fill();
    }
  }
}

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }

function number(value, unit) { return `${value.toFixed(unit === "count" ? 0 : 1)} ${SUFFIX[unit]}`.trim(); }

function line(c, x1, y1, x2, y2) { c.beginPath(); c.moveTo(x1, y1); c.lineTo(x2, y2); c.stroke(); }

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
}
