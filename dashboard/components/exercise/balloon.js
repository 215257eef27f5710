// A balloon that rises into a belt of still air while the hand squeezes, and drifts down gently.

class BalloonScene {
  constructor() { this.backdrop = new Backdrop(); this.sparks = []; }

  // something counted
  cheer(lanes, now) {
    for (const lane of lanes) {
      for (let i = 0; i < 9; i++) this.sparks.push({ lane: lane.hand, born: now, turn: (i / 9) * 2 * Math.PI, far: 0.7 + 0.5 * Math.random() });
    }
  }

  draw({ c, width, height, lanes, look, land, now }) {
    this.backdrop.paint(c, width, height, land, look.dark);
    const y = (share) => height * (0.77 - 0.6 * share); // what is said stands above
    const size = Math.min(height * 0.135, (width / lanes.length) * 0.17);
    if (lanes.some((lane) => lane.zone)) this.belt(c, width, y(BAND[1]) - size * 0.55, y(BAND[0]) + size * 0.55, look, lanes.some((lane) => lane.inZone));
    const share = width / lanes.length;
    this.sparks = this.sparks.filter((spark) => now - spark.born < 1400);
    lanes.forEach((lane, i) => {
      const sway = Math.sin(now / 1900 + i * 2) * size * 0.12;
      const [bx, by] = [share * (i + 0.5) + sway, y(lane.soft) - size * 0.2];
      for (const spark of this.sparks) {
        if (spark.lane !== lane.hand) continue;
        const age = (now - spark.born) / 1400;
        c.globalAlpha = 0.9 * (1 - age);
        c.fillStyle = land.warm[1];
        star(c, bx + Math.cos(spark.turn) * size * spark.far * (0.9 + 1.2 * age), by + Math.sin(spark.turn) * size * spark.far * (0.9 + 1.2 * age), size * 0.12);
      }
      c.globalAlpha = lane.away ? 0.35 : 1;
      balloon(c, bx, by, size, lane, land, i);
      c.globalAlpha = 1;
      if (lane.hold > 0) {
        c.strokeStyle = look.dark ? "#fff6da" : "#ffffff";
        c.lineWidth = size * 0.13;
        c.lineCap = "round";
        c.beginPath();
        c.arc(bx, by - size * 0.1, size * 1.22, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * lane.hold);
        c.stroke();
      }
    });
  }

  belt(c, width, top, bottom, look, reached) {
    c.fillStyle = look.dark ? "#cfe3ff" : "#ffffff";
    c.globalAlpha = (look.dark ? 0.13 : 0.36) + (reached ? 0.14 : 0);
    c.beginPath();
    c.roundRect(-30, top, width + 60, bottom - top, 30);
    c.fill();
    c.globalAlpha = look.dark ? 0.5 : 0.85;
    c.strokeStyle = look.dark ? "#cfe3ff" : "#ffffff";
    c.lineWidth = 2.5;
    c.setLineDash([2, 12]);
    c.lineCap = "round";
    line(c, 0, top, width, top);
    line(c, 0, bottom, width, bottom);
    c.setLineDash([]);
    c.globalAlpha = 1;
  }
}

function balloon(c, x, y, r, lane, land, turn) {
  const cloth = [lane.colour, land.warm[2], land.warm[1 + (turn % 2)]];
  c.lineCap = "round";
  c.strokeStyle = "#6b5440";
  c.lineWidth = Math.max(1.2, r * 0.05);
  line(c, x - r * 0.42, y + r * 0.85, x - r * 0.2, y + r * 1.36);
  line(c, x + r * 0.42, y + r * 0.85, x + r * 0.2, y + r * 1.36);
  c.fillStyle = "#a9744a";
  c.beginPath();
  c.roundRect(x - r * 0.24, y + r * 1.34, r * 0.48, r * 0.36, r * 0.09);
  c.fill();
  c.save();
  c.beginPath();
  c.moveTo(x - r * 0.42, y + r * 0.92);
  c.bezierCurveTo(x - r * 0.6, y + r * 0.55, x - r, y + r * 0.35, x - r, y - r * 0.1);
  c.arc(x, y - r * 0.1, r, Math.PI, 0);
  c.bezierCurveTo(x + r, y + r * 0.35, x + r * 0.6, y + r * 0.55, x + r * 0.42, y + r * 0.92);
  c.closePath();
  c.fillStyle = cloth[1];
  c.fill();
  c.clip();
  // the stripes of a round thing, seen from the side
  for (const [from, to, colour] of [[-1, -0.72, 0], [-0.3, 0.3, 0], [0.72, 1, 0], [-0.72, -0.3, 1], [0.3, 0.72, 1]]) {
    c.fillStyle = cloth[colour ? 2 : 0];
    c.beginPath();
    c.moveTo(x + from * r * 0.16, y - r * 1.15);
    c.bezierCurveTo(x + from * r * 1.25, y - r * 0.6, x + from * r * 1.15, y + r * 0.2, x + from * r * 0.45, y + r * 1.1);
    c.lineTo(x + to * r * 0.45, y + r * 1.1);
    c.bezierCurveTo(x + to * r * 1.15, y + r * 0.2, x + to * r * 1.25, y - r * 0.6, x + to * r * 0.16, y - r * 1.15);
    c.fill();
  }
  const shine = c.createRadialGradient(x - r * 0.4, y - r * 0.55, r * 0.05, x, y, r * 1.4);
  shine.addColorStop(0, "#ffffff88");
  shine.addColorStop(0.5, "#ffffff00");
  shine.addColorStop(1, "#00000033");
  c.fillStyle = shine;
  c.fillRect(x - r * 1.2, y - r * 1.3, r * 2.4, r * 2.6);
  c.restore();
}

function star(c, x, y, r) {
  c.beginPath();
  for (let i = 0; i < 10; i++) {
    const s = i % 2 ? r * 0.45 : r;
    c.lineTo(x + s * Math.sin((i * Math.PI) / 5), y - s * Math.cos((i * Math.PI) / 5));
  }
  c.fill();
}
