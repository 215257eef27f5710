// What the pictures share: where a force stands in them, and a new landscape for each day.

const BAND = [0.56, 0.76]; // where the zone lies in every picture, as shares of its height

// Where a force stands, 0 at rest: measured by the child's own zone or best, so that a weak hand can play as
// well as a strong one. Beyond the zone it hardly rises: there is nothing to be had from squeezing harder.
function heightOf(lane, force) {
  const v = Math.max(0, force ?? 0);
  if (!lane.zone) return 0.9 * (1 - Math.exp((-1.6 * v) / lane.most));
  const [low, high] = lane.zone;
  if (v <= low) return (BAND[0] * v) / low;
  if (v <= high) return BAND[0] + ((BAND[1] - BAND[0]) * (v - low)) / (high - low);
  return BAND[1] + 0.14 * (1 - Math.exp((-2 * (v - high)) / high));
}

// The same numbers for the same seed.
function chance(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function seedOf(text) {
  let n = 2166136261;
  for (const sign of text) n = Math.imul(n ^ sign.charCodeAt(0), 16777619);
  return n >>> 0;
}

// Sky from top to bottom, three rows of hills from far to near, and what is warm in the picture.
const LANDS = [
  { sky: ["#bfe3f5", "#eef7e6"], hills: ["#b5d6b0", "#8cc08a", "#62a06a"], warm: ["#e4572e", "#f2b134", "#fff3dc"] },
  { sky: ["#c9d9f7", "#fbeee0"], hills: ["#c9c3e0", "#a6a3cf", "#7d84b5"], warm: ["#d1495b", "#f79d65", "#fff1e6"] },
  { sky: ["#fbe0c3", "#fdf4e3"], hills: ["#eccfa4", "#dcb176", "#c08f55"], warm: ["#2a7f9e", "#f2c14e", "#fef7e5"] },
  { sky: ["#d3ecf0", "#f3f8f8"], hills: ["#c5dde3", "#9cc3cd", "#6fa0ae"], warm: ["#7a4fa3", "#f3a5b5", "#fff5f7"] },
  { sky: ["#c8eadd", "#f8f6dd"], hills: ["#a9d8bd", "#7dbd9d", "#4f9b7e"], warm: ["#c2477f", "#ffd166", "#fff6da"] },
  { sky: ["#f6d5dd", "#fdf1e7"], hills: ["#e0bccb", "#bf98b4", "#8f7a9e"], warm: ["#2f6f8f", "#f6bd60", "#fff4de"] },
];
const NIGHTS = [
  { sky: ["#16283a", "#27445a"], hills: ["#27474f", "#1f3a3c", "#172c2d"], warm: ["#e0774f", "#e8b04f", "#ffeccb"] },
  { sky: ["#1c2340", "#3a3d66"], hills: ["#353a60", "#2a2e4e", "#1e223b"], warm: ["#d9748a", "#e9a56b", "#ffe9d6"] },
  { sky: ["#2a2330", "#51424a"], hills: ["#4a3d41", "#3a3033", "#2a2326"], warm: ["#5aa6bf", "#e3b95e", "#fdeecb"] },
];

// One land for each day, and the days after it others: what is always the same is soon not looked at any more.
function landOf(day, dark) {
  const number = Math.floor(Date.parse(day) / 86400000);
  const lands = dark ? NIGHTS : LANDS;
  return { ...lands[((number % lands.length) + lands.length) % lands.length], seed: seedOf(day) };
}

function drawLand(c, width, height, land, dark, horizon) {
  const random = chance(land.seed);
  const sky = c.createLinearGradient(0, 0, 0, height);
  sky.addColorStop(0, land.sky[0]);
  sky.addColorStop(1, land.sky[1]);
  c.fillStyle = sky;
  c.fillRect(0, 0, width, height);
  c.fillStyle = dark ? "#f3ecd2" : "#fff7da";
  const x = width * (0.14 + 0.72 * random());
  c.globalAlpha = dark ? 0.9 : 0.95;
  disc(c, x, height * 0.2, Math.min(width, height) * (dark ? 0.05 : 0.075));
  if (dark) {
    for (let i = 0; i < 40; i++) {
      c.globalAlpha = 0.25 + 0.5 * random();
      disc(c, width * random(), height * 0.75 * random(), 0.6 + 1.1 * random());
    }
  } else {
    c.fillStyle = "#ffffff";
    for (let i = 0; i < 4; i++) {
      c.globalAlpha = 0.55;
      cloud(c, width * ((i + 0.2 + 0.6 * random()) / 4), height * (0.1 + 0.3 * random()), Math.min(width, 900) * (0.03 + 0.025 * random()));
    }
  }
  c.globalAlpha = 1;
  land.hills.forEach((colour, row) => {
    const base = height * (horizon + ((1 - horizon) * row) / 3);
    const rise = height * (0.1 - 0.02 * row);
    const [a, b, p, q] = [1 + 2 * random(), 3 + 3 * random(), 6.3 * random(), 6.3 * random()];
    c.fillStyle = colour;
    c.beginPath();
    c.moveTo(0, height);
    for (let i = 0; i <= 60; i++) {
      const s = i / 60;
      c.lineTo(s * width, base - rise * (0.6 * Math.sin(a * s * 3.1 + p) + 0.4 * Math.sin(b * s * 3.1 + q)));
    }
    c.lineTo(width, height);
    c.fill();
  });
}

function disc(c, x, y, r) { c.beginPath(); c.arc(x, y, r, 0, 2 * Math.PI); c.fill(); }

function cloud(c, x, y, r) {
  c.beginPath();
  for (const [dx, dy, s] of [[-1.5, 0.2, 0.8], [-0.6, -0.25, 1.05], [0.5, -0.1, 0.95], [1.4, 0.25, 0.7]]) {
    c.moveTo(x + dx * r + s * r, y + dy * r);
    c.arc(x + dx * r, y + dy * r, s * r, 0, 2 * Math.PI);
  }
  c.fill();
}

// A picture that changes once a day at most is painted once.
class Backdrop {
  paint(c, width, height, land, dark, horizon = 0.7) {
    const ratio = devicePixelRatio || 1;
    const key = `${width} ${height} ${land.seed} ${dark}`;
    if (this.key !== key) {
      this.key = key;
      this.picture = document.createElement("canvas");
      this.picture.width = width * ratio;
      this.picture.height = height * ratio;
      const p = this.picture.getContext("2d");
      p.scale(ratio, ratio);
      drawLand(p, width, height, land, dark, horizon);
    }
    c.drawImage(this.picture, 0, 0, width, height);
  }
}
