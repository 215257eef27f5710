// An exercise that the hub leads: what it says, how far it has come, and the buttons that answer it.

const SCENES = { bar: BarScene, balloon: BalloonScene, garden: GardenScene };
const WAY = "griphub-way"; // the picture that was chosen in this browser
const STUMBLE_S = 0.3; // a hand that trembles may leave the band for so long; the hub judges alike

class Led {
  constructor(root, data, say) {
    this.element = root.querySelector(".led");
    this.canvas = this.element.querySelector("canvas");
    this.say = say;
    this.sound = new Sound();
    this.lanes = new Map();
    this.faces = new Faces(root.querySelector("dialog"), say);
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.way = remembered() ?? "balloon";
    this.update(data);
    this.calm = data.calm || this.reduced;
    for (const key of this.element.querySelectorAll("[data-say]")) {
      key.onclick = () => this.press(key.dataset.say === "stop" ? { do: "stop", by: key.dataset.by ?? "child" } : { do: key.dataset.say });
    }
    this.element.querySelector(".hurt").onclick = () => this.faces.ask(this.data, false);
    for (const key of this.element.querySelectorAll("[data-way]")) key.onclick = () => this.choose(key.dataset.way);
    this.find('[data-switch="calm"]').onclick = () => { this.calm = !this.calm; if (this.calm) this.sound.turn(false); this.refresh(); };
    this.find('[data-switch="sound"]').onclick = () => { if (!this.calm) this.sound.turn(!this.sound.on); this.refresh(); };
  }

  find(name) { return this.element.querySelector(name); }

  update(data) {
    if (this.data && data.calm !== this.data.calm) this.calm = data.calm || this.reduced;
    this.data = data;
    const words = data.words;
    for (const [name, key] of [["stop", "stop"], ["hurt", "it_hurts"], ["longer", "longer"], ["grown", "stop_parent"]]) setText(this.find(`.${name} b`), words[key]);
    this.find(".hurt span").innerHTML = data.faces[3].svg;
    this.find(".ways").setAttribute("aria-label", words.ways);
    for (const key of this.element.querySelectorAll(".ways button")) {
      const said = words[key.dataset.way ? `way.${key.dataset.way}` : key.dataset.switch];
      key.setAttribute("aria-label", said);
      key.title = said;
    }
  }

  choose(way) {
    this.way = way;
    try { localStorage.setItem(WAY, way); } catch { /* a browser that keeps nothing: chosen for now */ }
    this.refresh();
  }

  press(word) {
    this.find(".refused").textContent = "";
    if (!this.say(word)) setText(this.find(".refused"), this.data.words[word.do === "stop" ? "stop_offline" : "offline"]);
    else if (word.do === "stop") this.element.toggleAttribute("data-stopping", true);
  }

  answered({ answer, refused, why }) {
    if (answer === "stop" && refused) this.element.removeAttribute("data-stopping");
    if (refused && refused !== "no_exercise") setText(this.find(".refused"), this.data.words[`refused.${refused}`] ?? why);
  }

  // The latest of what the hub says.
  show(view) {
    const before = this.view?.exercise_id === view.exercise_id ? this.view : undefined;
    this.view = view;
    if (!before) this.element.removeAttribute("data-stopping");
    if (before?.phase !== view.phase) this.old = before ? this.waiting : 0; // what was before a set is none of its reps
    if (view.rest_left_s !== null) {
      const until = performance.now() + 1000 * view.rest_left_s;
      if (!(Math.abs(until - this.until) < 400)) this.until = until; // frames come unevenly, seconds do not
    } else this.until = view.hold_left_s != null ? performance.now() + 1000 * view.hold_left_s : undefined;
    if (before && view.done > before.done) {
      for (const lane of this.lanes.values()) lane.hold = 0;
      this.scene?.cheer?.([...this.lanes.values()].filter((lane) => !lane.away), performance.now());
    }
    if (before && !this.calm) {
      if (view.phase === "ended") { if (view.ended_by === "done") this.sound.play("done"); }
      else if (view.phase === "rest" && before.phase !== "rest") this.sound.play("set");
      else if (view.phase === "set" && before.phase === "rest") this.sound.play("rest_over");
      else if (view.done > before.done) this.sound.play("counted");
    }
    if (view.cue === "ask_after" && before?.cue !== "ask_after") this.faces.ask(this.data, true);
    if (view.phase === "ended") this.faces.close();
    this.refresh();
  }

  get hands() {
    const v = this.view;
    const named = new Set([...Object.keys(v.zones), ...Object.keys(v.levels), ...v.away]);
    if (!named.size) for (const track of this.tracks?.values() ?? []) named.add(track.frame.hand);
    return this.data.hands.filter((hand) => named.has(hand));
  }

  refresh() {
    const { view: v, data } = this;
    if (!v || this.element.hidden) return;
    const words = data.words;
    const test = v.kind === "strength_test";
    const scene = test ? "none" : this.calm ? "bar" : this.way;
    if (this.scene?.name !== scene) {
      this.scene = scene === "none" ? undefined : new SCENES[scene]();
      if (this.scene) this.scene.name = scene;
    }
    const set = this.element.dataset;
    Object.assign(set, { exercise: v.exercise_id, phase: v.phase, kind: v.kind ?? "squeezes", scene, cue: v.cue });
    this.element.toggleAttribute("data-calm", this.calm);
    this.element.toggleAttribute("data-away", v.away.length > 0);
    setText(this.find(".simulated"), words.simulated);
    this.find(".simulated").hidden = ![...(this.tracks?.values() ?? [])].some((track) => track.frame.source === "simulated");
    setText(this.find(".title"), data.titles[v.item_id] ?? v.title);
    for (const key of this.element.querySelectorAll("[data-way]")) {
      key.setAttribute("aria-pressed", String(key.dataset.way === (this.calm ? "bar" : this.way)));
      key.disabled = this.calm;
      key.hidden = test;
    }
    this.find('[data-switch="calm"]').setAttribute("aria-pressed", String(this.calm));
    this.find('[data-switch="sound"]').setAttribute("aria-pressed", String(this.sound.on));
    this.find('[data-switch="sound"]').disabled = this.calm;

    this.speak(v, words, test);
    this.count(v, words, test);
    const resting = v.phase === "rest";
    const waiting = v.phase === "asking";
    this.key(".go", resting ? words.ready : waiting ? words.go_on : "");
    this.key(".longer", resting && !test ? words.longer : "");
    this.key(".next", test ? "" : { quiet: words.skip_quiet, warm_up: words.skip_warm_up, set: words.skip_set }[v.phase] ?? "");
    if (v.cue === "ask_after") this.key(".go", words.answer);
    this.find(".go").onclick = v.cue === "ask_after" ? () => this.faces.ask(data, true) : () => this.press({ do: "confirm" });
    if (test && resting) this.key(".go", "");
    this.clock();
  }

  key(name, text) {
    this.find(name).hidden = !text;
    if (text) setText(this.find(`${name} b`), text);
  }

  speak(v, words, test) {
    const away = v.away.length > 0 && v.phase !== "ended";
    const waking = v.cue === "wake" || (away && v.phase === "quiet");
    const kind = this.kindOf(v.away[0]);
    // the same praise each time is soon no praise
    const praise = v.cue === "good" ? words[`cue.good.${v.done % 5}`] : undefined;
    let said = praise ?? words[`cue.${v.cue}`] ?? v.words;
    if (away && !waking) said = words[`away.${kind}`];
    else if (waking) said = words[`wake.${kind}`];
    else if (test && v.phase === "warm_up") said = words.practice;
    else if (test && v.phase === "set" && v.cue === "squeeze") said = words["cue.squeeze"];
    const lost = this.lost;
    if (lost) said = words[lost];
    setText(this.find(".cue"), said);
    setText(this.find(".for"), v.for_parent || away || lost ? words.for_parent : test && v.hand ? words[v.hand] : "");
    let aside = "";
    if (test) aside = v.phase === "rest" ? this.news(v, words) : v.phase === "quiet" && v.script ? words.sit : "";
    else if (v.phase === "warm_up") aside = words.warm_up_free;
    else if (v.phase === "rest" && v.set_number) aside = fill(words.rest_next, { set: v.set_number + 1, sets: v.sets });
    setText(this.find(".aside"), aside);
  }

  // What became of the latest trial: the hub's sentences, as far as a family has use for them.
  news(v, words) {
    const known = (said) => {
      if (said.startsWith("This one does not count")) return words["news.does_not_count"];
      if (said.startsWith("That was no trial")) return words["news.no_trial"];
      return words[`news.${said}`] ?? "";
    };
    return v.news.map(known).filter(Boolean).join(" ");
  }

  kindOf(hand) {
    for (const track of this.tracks?.values() ?? []) if (!hand || track.frame.hand === hand) return track.frame.tool_kind;
    return "ball";
  }

  count(v, words, test) {
    const warming = v.phase === "warm_up";
    const showing = test || v.set_number > 0 || warming;
    this.find(".tally").hidden = !showing;
    const [now, of] = test ? [v.trial || 0, v.trials || 0] : warming ? [v.warmed_up, v.warm_up] : [v.in_set, v.reps];
    setText(this.find(".now"), test && v.practice ? "" : String(now));
    setText(this.find(".of"), fill(words[test ? (v.practice ? "practice_of" : "trial_of") : warming ? "warm_up_of" : "reps_of"], { n: of }));
    const marks = this.find(".marks");
    const many = of > 20;
    marks.hidden = many || test;
    setParts(marks, many ? 0 : of);
    this.old = Math.min(this.old, this.waiting);
    const seen = now + (warming || v.phase === "set" ? this.waiting - this.old : 0);
    [...marks.children].forEach((mark, i) => { mark.dataset.is = i < now ? "counted" : i < seen ? "seen" : ""; });
    marks.toggleAttribute("data-free", warming);
    const dots = this.find(".dots");
    this.find(".sets").hidden = test;
    setParts(dots, v.sets);
    const full = v.set_number - (v.phase === "rest" ? 0 : 1);
    [...dots.children].forEach((dot, i) => { dot.dataset.is = i < full ? "done" : i === full && v.set_number && v.phase !== "rest" ? "now" : ""; });
    setText(this.find(".set"), v.set_number ? fill(words.set_of, { set: v.set_number, sets: v.sets }) : fill(words.sets_to_come, { sets: v.sets }));
    Object.assign(this.canvas.dataset, { done: v.done, inSet: v.in_set, set: v.set_number, phase: v.phase });
    const hits = v.hits === null || v.hits === undefined ? "" : ` ${fill(words.hits, { hits: v.hits })}`;
    this.canvas.setAttribute("aria-label", test ? words["way.none"] : fill(words.picture, { n: v.in_set, of: v.reps, set: Math.max(1, v.set_number), sets: v.sets }) + hits);
  }

  // Squeezes that were seen and do not count yet; of both hands at once, one rep.
  get waiting() { return Math.max(0, ...this.hands.map((hand) => this.tracks?.get(hand)?.frame.waiting ?? 0)); }

  clock() {
    const shown = this.until !== undefined && !this.lost && (this.view.phase === "rest" || this.view.hold_left_s != null);
    this.find(".clock").hidden = !shown;
    if (!shown) return;
    setText(this.find(".seconds"), String(Math.max(0, Math.ceil((this.until - performance.now()) / 1000))));
    setText(this.find(".unit"), this.data.words.seconds);
  }

  // `tracks`: by hand. Returns whether anything is to be painted.
  paint(now, dt, tracks) {
    this.tracks = tracks;
    const v = this.view;
    const room = prepared(this.canvas);
    if (!room || !this.scene) return;
    if (!this.look || now - this.themed > 1000) { this.look = lookOf(this.canvas); this.themed = now; }
    const lanes = this.hands.map((hand) => this.lane(hand, tracks.get(hand), v, dt));
    this.names(lanes);
    const playing = v.phase === "warm_up" || v.phase === "set"; // in a rest there is nothing to be had from squeezing
    this.scene.draw({
      ...room,
      lanes: playing ? lanes : lanes.map((lane) => ({ ...lane, soft: 0, height: 0, hold: 0 })),
      look: this.look,
      land: landOf(this.data.today, this.look.dark),
      now,
      plants: Math.min(BEDS, v.before + v.done),
    });
  }

  lane(hand, track, v, dt) {
    const lane = this.lanes.get(hand) ?? { hand, soft: 0, hold: 0, outside: 0, most: SPAN[v.unit] * 0.3 };
    this.lanes.set(hand, lane);
    const streaming = track?.moving;
    const level = streaming ? Math.max(0, track.level ?? 0) : 0;
    lane.away = v.away.includes(hand) || !streaming;
    lane.zone = v.zones[hand];
    lane.colour = this.look.hands[hand];
    lane.most = Math.max(lane.most, track?.frame.best ?? 0, level);
    lane.height = heightOf(lane, level);
    // up with the hand, down like a feather
    lane.soft += (lane.height - lane.soft) * (1 - Math.exp(-dt / (lane.height > lane.soft ? 0.16 : 0.7)));
    lane.inZone = Boolean(lane.zone) && level >= lane.zone[0] && level <= lane.zone[1];
    if (v.phase !== "set" || !v.hold_s || !lane.zone) lane.hold = 0;
    else if (lane.inZone) { lane.hold = Math.min(1, lane.hold + dt / v.hold_s); lane.outside = 0; }
    else if ((lane.outside += dt) > STUMBLE_S) lane.hold = 0;
    return lane;
  }

  names(lanes) {
    const box = this.find(".names");
    const text = lanes.length > 1 ? lanes.map((lane) => this.data.words[lane.hand]).join("|") : "";
    if (box.dataset.text === text) return;
    box.dataset.text = text;
    box.replaceChildren(...(text ? text.split("|") : []).map((name) => Object.assign(document.createElement("span"), { textContent: name })));
  }

  // While somebody is led the screen does not go dark: nobody touches it for minutes.
  async wake(on) {
    if (on === Boolean(this.awake) || this.mayNotWake || !navigator.wakeLock) return;
    this.awake?.release?.();
    this.awake = on || undefined;
    if (!on) return;
    try {
      const lock = await navigator.wakeLock.request("screen");
      if (!this.awake) { lock.release(); return; }
      this.awake = lock;
      lock.onrelease = () => { if (this.awake === lock) this.awake = undefined; }; // another tab: asked anew later
    } catch {
      this.awake = undefined;
      this.mayNotWake = true; // a low battery, or a browser that keeps it to itself
    }
  }

  close() { this.wake(false); this.sound.close(); this.faces.close(); }
}

function remembered() {
  try {
    const way = localStorage.getItem(WAY);
    return way in SCENES ? way : undefined;
  } catch {
    return undefined;
  }
}
