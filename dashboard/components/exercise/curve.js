// The curve of the last seconds, on a canvas.

const GAP_STEPS = 1.8; // a step this many times the usual one is a gap; nothing is drawn across it
// smallest range shown, so that the tremble of a resting sensor does not fill the picture
const SPAN = { N: 10, kPa: 4, count: 100, unknown: 1 };

// Prepares a canvas for its size on the screen; null while it has none.
function prepared(canvas) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width || !height) return null;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const c = canvas.getContext("2d");
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, width, height);
  return { c, width, height };
}

// look: colour, ink, font, factor (from the tool's unit to the shown one), best (the word)
function drawCurve(canvas, track, look) {
  const room = track.head === undefined ? null : prepared(canvas);
  if (!room) return;
  const { c, width, height } = room;
  const f = track.frame;
  const from = track.head - WINDOW_S;
  let low = f.rest;
  let high = f.rest + Math.max(SPAN[f.unit], (f.best ?? 0) * 1.12);
  for (let i = track.t.length - 1; i >= 0 && track.t[i] >= from; i--) {
    const v = track.v[i];
    if (v === null) continue;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const ease = track.scale ? 0.12 : 1;
  track.scale ??= { low, high };
  track.scale.low += (low - track.scale.low) * ease;
  track.scale.high += (high - track.scale.high) * ease;

  const pad = { left: 46, right: 14, top: 12, bottom: 12 };
  const x = (t) => pad.left + ((t - from) / WINDOW_S) * (width - pad.left - pad.right);
  const span = track.scale.high - track.scale.low || 1;
  const y = (v) => height - pad.bottom - ((v - track.scale.low) / span) * (height - pad.top - pad.bottom) * 0.94;

  c.font = `13px ${look.font || "sans-serif"}`;
  c.textBaseline = "middle";
  c.fillStyle = c.strokeStyle = look.ink;
  c.lineWidth = 1;
  const step = niceStep((span * look.factor) / 4) / look.factor;
  for (let v = Math.ceil(track.scale.low / step) * step; v <= track.scale.high; v += step) {
    c.globalAlpha = 0.12;
    line(c, pad.left, y(v), width - pad.right, y(v));
    c.globalAlpha = 0.7;
    c.textAlign = "right";
    c.fillText((+(v * look.factor).toFixed(6)).toLocaleString(look.locale), pad.left - 8, y(v));
  }
  if (f.best !== null) {
    c.globalAlpha = 0.55;
    c.setLineDash([5, 6]);
    line(c, pad.left, y(f.rest + f.best), width - pad.right, y(f.rest + f.best));
    c.setLineDash([]);
    c.textAlign = "left";
    c.fillText(look.best, pad.left + 6, y(f.rest + f.best) - 10);
  }

  c.save();
  c.beginPath();
  c.rect(pad.left, 0, width - pad.left - pad.right + 8, height);
  c.clip();
  c.strokeStyle = c.fillStyle = look.colour;
  c.lineWidth = 3.5;
  c.lineJoin = c.lineCap = "round";
  const first = track.t.findIndex((t) => t >= from - 0.2);
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
  for (let i = Math.max(first, 0); i < track.t.length && track.t[i] <= track.head; i++) {
    if (track.v[i] === null || (i && track.t[i] - track.t[i - 1] > GAP_STEPS * track.step)) flush();
    if (track.v[i] !== null) run.push((tip = [x(track.t[i]), y(track.v[i])]));
  }
  flush();
  c.restore();
  if (tip) {
    c.globalAlpha = 1;
    c.fillStyle = look.colour;
    c.beginPath();
    c.arc(tip[0], tip[1], 6.5, 0, 2 * Math.PI);
    c.fill();
  }
}

function line(c, x1, y1, x2, y2) { c.beginPath(); c.moveTo(x1, y1); c.lineTo(x2, y2); c.stroke(); }

function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough);
}
