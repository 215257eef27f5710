// A garden: each squeeze that counted today is a plant in it, and stays until tomorrow.

const BEDS = 120; // more does not fit; nor does any program ask for much more in a day
const GROW_MS = 1400;

class GardenScene {
  constructor() { this.backdrop = new Backdrop(); this.grown = 0; this.began = 0; }

  draw({ c, width, height, lanes, look, land, now, plants, still }) {
    this.backdrop.paint(c, width, height, land, look.dark, 0.56);
    this.plan(land);
    if (plants !== this.grown) {
      if (plants === this.grown + 1 && !still) this.began = now;
      this.grown = plants;
    }
    const shown = this.beds.slice(0, plants).map((bed, i) => ({ bed, size: i === plants - 1 && !still ? ease((now - this.began) / GROW_MS) : 1 }));
    // the next one: a shoot that follows the hand
    const reach = still || !lanes.length || plants >= BEDS ? 0 : Math.min(...lanes.map((lane) => (lane.away ? 0 : lane.soft)));
    if (reach > 0.03) shown.push({ bed: this.beds[plants], size: 0.5 * Math.min(1, reach / BAND[0]), shoot: true });
    shown.sort((a, b) => a.bed.deep - b.bed.deep);
    const unit = Math.min(height * 0.2, width * 0.1);
    for (const { bed, size, shoot } of shown) {
      const tall = unit * (0.55 + 0.75 * bed.deep) * bed.large;
      plant(c, bed.x * width, height * (0.64 + 0.32 * bed.deep), tall, size, bed, land, look.dark, shoot);
    }
    if (still) return;
    // how hard the hand squeezes stands at the edge, the first hand's on the left
    const wide = Math.max(20, Math.min(34, width * 0.045));
    const below = lanes.length > 1 ? 50 : 22; // the names of the hands
    lanes.forEach((lane, i) => drawBar(c, lane, look, i ? width - wide - 22 : 22, 22, wide, height - 22 - below));
  }

  plan(land) {
    if (this.seed === land.seed) return;
    this.seed = land.seed;
    const random = chance(land.seed ^ 0x9e3779b9);
    const columns = 20;
    const places = Array.from({ length: BEDS }, (_, i) => ({
      x: 0.1 + (0.8 * ((i % columns) + 0.15 + 0.7 * random())) / columns,
      deep: (Math.floor(i / columns) + 0.2 + 0.6 * random()) / (BEDS / columns),
      large: 0.8 + 0.45 * random(),
      kind: KINDS[Math.floor(random() * KINDS.length)],
      colour: Math.floor(random() * BLOOMS.length),
      lean: (random() - 0.5) * 0.3,
    }));
    for (let i = places.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [places[i], places[j]] = [places[j], places[i]];
    }
    this.beds = places;
  }
}

const KINDS = ["daisy", "tulip", "bell", "sunflower", "bush", "tree", "daisy", "tulip"];
const BLOOMS = ["#e4572e", "#f2b134", "#d1495b", "#8e6bbf", "#f4f0e6", "#4f86c6", "#ef8fa9"];

function plant(c, x, y, tall, size, bed, land, dark, shoot) {
  if (size <= 0) return;
  const green = dark ? "#5f9a6c" : "#3f8a4d";
  const deep = dark ? "#4b7d58" : "#2f6f3d";
  const bloom = BLOOMS[bed.colour];
  const h = tall * size;
  const [tx, ty] = [x + bed.lean * h, y - h];
  c.fillStyle = dark ? "#00000040" : "#00000018";
  c.beginPath();
  c.ellipse(x, y, tall * 0.22 * size, tall * 0.06 * size, 0, 0, 2 * Math.PI);
  c.fill();
  c.strokeStyle = green;
  c.lineWidth = Math.max(1.5, tall * 0.055);
  c.lineCap = "round";
  if (bed.kind === "tree" && !shoot) {
    c.strokeStyle = "#8a6242";
    c.lineWidth = tall * 0.12 * size;
    line(c, x, y, x, y - h * 0.6);
    c.fillStyle = deep;
    disc(c, x, y - h * 0.85, tall * 0.33 * size);
    c.fillStyle = green;
    disc(c, x - tall * 0.2 * size, y - h * 0.7, tall * 0.22 * size);
    disc(c, x + tall * 0.2 * size, y - h * 0.68, tall * 0.2 * size);
    c.fillStyle = bloom;
    for (const [dx, dy] of [[-0.16, 0.9], [0.12, 1.02], [0.2, 0.72], [-0.05, 0.72]]) disc(c, x + dx * tall * size, y - dy * h, tall * 0.04 * size);
    return;
  }
  if (bed.kind === "bush" && !shoot) {
    c.fillStyle = deep;
    for (const [dx, r] of [[-0.24, 0.2], [0.24, 0.2], [0, 0.28]]) disc(c, x + dx * tall * size, y - r * tall * size * 0.8, r * tall * size);
    c.fillStyle = bloom;
    for (const [dx, dy] of [[-0.28, 0.2], [-0.08, 0.36], [0.12, 0.2], [0.27, 0.26], [0.02, 0.12]]) disc(c, x + dx * tall * size, y - dy * tall * size, tall * 0.05 * size);
    return;
  }
  c.beginPath();
  c.moveTo(x, y);
  c.quadraticCurveTo(x, y - h * 0.6, tx, ty);
  c.stroke();
  c.fillStyle = green;
  for (const side of [-1, 1]) {
    c.beginPath();
    c.ellipse(x + side * tall * 0.13 * size, y - h * (side < 0 ? 0.3 : 0.42), tall * 0.14 * size, tall * 0.055 * size, side * -0.5, 0, 2 * Math.PI);
    c.fill();
  }
  if (shoot) return;
  const r = tall * 0.2 * size;
  c.fillStyle = bloom;
  if (bed.kind === "tulip") {
    c.beginPath();
    c.moveTo(tx - r * 0.8, ty - r * 0.9);
    c.lineTo(tx - r * 0.4, ty - r * 0.35);
    c.lineTo(tx, ty - r * 1.05);
    c.lineTo(tx + r * 0.4, ty - r * 0.35);
    c.lineTo(tx + r * 0.8, ty - r * 0.9);
    c.bezierCurveTo(tx + r, ty + r * 0.7, tx - r, ty + r * 0.7, tx - r * 0.8, ty - r * 0.9);
    c.fill();
  } else if (bed.kind === "bell") {
    for (const step of [0, 0.22, 0.44]) disc(c, tx + (step ? (step > 0.3 ? 1 : -1) * r * 0.5 : 0), ty + step * h, r * (0.55 - step * 0.3));
  } else {
    const petals = bed.kind === "sunflower" ? 12 : 8;
    if (bed.kind === "sunflower") c.fillStyle = "#f2b134";
    for (let i = 0; i < petals; i++) {
      const turn = (i / petals) * 2 * Math.PI;
      c.beginPath();
      c.ellipse(tx + Math.cos(turn) * r * 0.62, ty + Math.sin(turn) * r * 0.62, r * 0.45, r * 0.22, turn, 0, 2 * Math.PI);
      c.fill();
    }
    c.fillStyle = bed.kind === "sunflower" ? "#7a4b22" : "#f2c14e";
    disc(c, tx, ty, r * 0.36);
  }
}

function ease(share) {
  const s = Math.max(0, Math.min(1, share));
  return s * s * (3 - 2 * s);
}
