// Squeezing as one likes: a count and a curve for each tool that streams.

const BEADS = 5; // have room in the ring; three to five alike make a hand known, and more wait only where it fidgets
const FILLED_MS = 1500; // so long a squeeze that waited stands full beside the count that it is in now

class Panel {
  constructor(template, hand, data) {
    this.element = template.content.cloneNode(true).querySelector(".panel");
    this.canvas = this.element.querySelector("canvas");
    this.hand = hand;
    this.data = data;
    this.state = "waiting";
    this.track = new Track();
    this.resized = new ResizeObserver(() => { if (!this.track.moving) this.draw(); });
    this.resized.observe(this.canvas);
  }

  take(frame) {
    const [waited, count] = [this.track.frame?.waiting, this.track.count];
    this.track.take(frame);
    if (this.track.counted && waited) [this.filled, this.filledAt] = [Math.min(waited, frame.count - count), performance.now()];
    this.goal = frame.goal || this.data.goal;
    if (this.track.counted && frame.counted_at_s) this.canvas.dataset.delayMs = Math.round(Date.now() - frame.counted_at_s * 1000);
  }

  refresh(answering) {
    const f = this.track.frame;
    const words = this.data.words;
    const find = (name) => this.element.querySelector(name);
    this.state = this.track.state;
    if (!this.look || performance.now() - this.themed > 1000) this.theme(f);
    setText(find(".hand"), words[f.hand]);
    setText(find(".tool"), words[`tool.${f.tool_kind}`]);
    find(".simulated").hidden = f.source !== "simulated";
    setText(find(".simulated"), words.simulated);
    setText(find(".count"), String(f.count));
    setText(find(".goal"), this.goal ? fill(words.of_goal, { goal: this.goal }) : f.count === 1 ? words.squeeze : words.squeezes);
    this.beads(find(".seen"), f.waiting);
    const share = this.goal ? Math.min(1, f.count / this.goal) : 0;
    find(".done").style.strokeDasharray = `${share} 1`;
    find(".done").toggleAttribute("data-none", !share);
    setText(find(".words"), answering ? this.words(f) : words.safe);
    setText(find(".quantity"), this.data.units[f.unit].quantity);
    setText(find(".best"), f.best === null ? "" : fill(words.best_squeeze, { best: this.number(f.best, f.unit) }));
    Object.assign(this.canvas.dataset, { state: this.state, count: f.count, waiting: f.waiting, goal: this.goal, tool: f.tool_id });
    this.canvas.setAttribute("aria-label", fill(words.curve, { quantity: this.data.units[f.unit].quantity, seconds: WINDOW_S, count: f.count }));
  }

  // What was seen shows at once, also where it counts only later: nothing of it moves, and it says nothing.
  beads(box, waiting) {
    const filled = performance.now() - this.filledAt < FILLED_MS ? this.filled : 0;
    setParts(box, Math.min(BEADS, filled + waiting));
    [...box.children].forEach((bead, i) => { bead.dataset.is = i < filled ? "counted" : "seen"; });
  }

  number(value, unit) {
    const { factor, suffix, places } = this.data.units[unit];
    const shown = (value * factor).toLocaleString(this.data.locale, { minimumFractionDigits: places, maximumFractionDigits: places });
    return `${shown} ${suffix}`.trim();
  }

  words(f) {
    const words = this.data.words;
    if (this.state === "link_lost") return words[`quiet.${f.tool_kind}`];
    const share = this.goal ? f.count / this.goal : 0;
    if (this.state === "ended") return share >= 1 ? words.did_it : f.count ? words.next_time : words.for_now;
    if (!f.count) return words.begin;
    if (!this.goal) return words.lovely;
    if (share >= 1) return words.bonus;
    if (this.goal - f.count <= 2) return words.nearly;
    if (share >= 0.5) return words.half;
    return f.count === 1 ? words.first : words.lovely;
  }

  theme(f) {
    this.themed = performance.now();
    const look = lookOf(this.canvas);
    this.look = {
      ...look,
      colour: look.hands[this.hand],
      factor: this.data.units[f.unit].factor,
      locale: this.data.locale,
      best: this.data.words.best,
    };
    this.element.style.setProperty("--hand", this.look.colour);
  }

  advance(dt) { this.track.advance(dt); }

  draw() { if (this.look) drawCurve(this.canvas, this.track, this.look); }
}

function setText(element, text) { if (element.textContent !== text) element.textContent = text; }

function setParts(element, n) {
  while (element.children.length < n) element.append(document.createElement("i"));
  while (element.children.length > n) element.lastChild.remove();
}

function fill(text, values) { return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole); }

// Colours of the page: they change with the browser's scheme.
function lookOf(element) {
  const style = getComputedStyle(element);
  const [left, right] = style.getPropertyValue("--st-chart-categorical-colors").split(",").map((c) => c.trim());
  const primary = style.getPropertyValue("--st-primary-color");
  const paper = style.getPropertyValue("--st-background-color");
  return {
    hands: { left: left || primary, right: right || primary },
    ink: style.getPropertyValue("--st-text-color"),
    paper,
    primary,
    font: style.getPropertyValue("--st-font"),
    dark: brightness(paper) < 0.5,
  };
}

function brightness(colour) {
  const [r, g, b] = channels(colour);
  return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
}

// Red, green and blue of six digits, as the theme writes its colours.
function channels(colour) {
  const found = /^#([0-9a-f]{6})/i.exec(colour.trim());
  return [0, 2, 4].map((i) => (found ? parseInt(found[1].slice(i, i + 2), 16) : 128));
}
