// The plainest picture: a bar that rises with the force, and the band that it should reach.

class BarScene {
  draw({ c, width, height, lanes, look }) {
    const share = width / lanes.length;
    const wide = Math.min(share * 0.34, 130);
    const below = lanes.length > 1 ? 44 : 18; // the names of the hands
    lanes.forEach((lane, i) => drawBar(c, lane, look, share * (i + 0.5) - wide / 2, 76, wide, height - 76 - below));
  }
}

function drawBar(c, lane, look, x, top, wide, tall) {
  const radius = Math.min(wide / 2, 26);
  const y = (share) => top + tall * (1 - share);
  c.globalAlpha = 1;
  c.fillStyle = mix(lane.colour, look.paper, look.dark ? 0.2 : 0.12);
  rounded(c, x, top, wide, tall, radius);
  c.save();
  c.beginPath();
  c.roundRect(x, top, wide, tall, radius);
  c.clip();
  c.fillStyle = lane.colour;
  const level = lane.away ? 0 : lane.height;
  c.fillRect(x, y(level), wide, tall * level);
  c.restore();
  if (lane.zone) {
    const [low, high] = BAND;
    c.fillStyle = look.ink;
    c.globalAlpha = 0.07;
    rounded(c, x - 10, y(high), wide + 20, y(low) - y(high), 12);
    c.globalAlpha = 0.85;
    c.strokeStyle = look.ink;
    c.lineWidth = 2.5;
    c.setLineDash(lane.inZone ? [] : [9, 7]);
    c.beginPath();
    c.roundRect(x - 10, y(high), wide + 20, y(low) - y(high), 12);
    c.stroke();
    c.setLineDash([]);
    if (lane.hold > 0) {
      c.globalAlpha = 1;
      c.fillStyle = look.ink;
      const long = (wide + 20 - 24) * lane.hold;
      rounded(c, x + 2, y(low) + 8, long, 7, 3);
    }
  }
  c.globalAlpha = 1;
}

function rounded(c, x, y, width, height, radius) {
  c.beginPath();
  c.roundRect(x, y, Math.max(0, width), height, radius);
  c.fill();
}

// `share` of one colour in another.
function mix(colour, other, share) {
  const [a, b] = [channels(colour), channels(other)];
  return `rgb(${a.map((v, i) => Math.round(v * share + b[i] * (1 - share))).join(" ")})`;
}
