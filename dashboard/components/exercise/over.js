// The end of an exercise: what was done, a kind word, and the garden of the day.

class Over {
  constructor(root, data, tell) {
    this.element = root.querySelector(".over");
    this.canvas = this.element.querySelector("canvas");
    this.garden = new GardenScene();
    this.update(data);
    this.find(".how").onclick = () => tell("done", this.view);
    this.find(".back").onclick = () => tell("back", this.view);
    this.resized = new ResizeObserver(() => this.paint());
    this.resized.observe(this.canvas);
  }

  find(name) { return this.element.querySelector(name); }

  update(data) {
    this.data = data;
    setText(this.find(".how b"), data.words.how_it_went);
    setText(this.find(".back b"), data.words.back);
    this.find(".how").hidden = !data.how;
  }

  show(view, calm) {
    const words = this.data.words;
    const fresh = this.view?.exercise_id !== view.exercise_id;
    this.view = view;
    const asked = view.sets * view.reps;
    const test = view.kind === "strength_test";
    setText(this.find("h2"), words[`ended.${test && view.ended_by === "done" ? "test" : view.ended_by}`] ?? words["ended.done"]);
    setText(this.find(".kind"), words[`kind.${test && view.ended_by === "done" ? "test" : view.ended_by}`] ?? "");
    const came = [test ? fill(words.came_trials, { n: view.done }) : fill(words[view.done === 1 ? "came_one" : "came"], { n: view.done, of: asked })];
    if (!test && view.hits != null) came.push(fill(words.hits, { hits: view.hits }));
    this.find(".came").replaceChildren(...came.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    this.plants = view.before + view.done;
    this.find(".picture").hidden = test || !this.plants;
    this.element.toggleAttribute("data-calm", calm);
    this.canvas.setAttribute("aria-label", fill(words[this.plants === 1 ? "garden_one" : "garden"], { n: this.plants }));
    Object.assign(this.element.dataset, { by: view.ended_by, done: view.done });
    this.paint();
    if (fresh) this.find("h2").focus({ preventScroll: true });
  }

  paint() {
    if (this.element.hidden || !this.view || this.find(".picture").hidden) return;
    const room = prepared(this.canvas);
    if (!room) return;
    const look = lookOf(this.canvas);
    this.garden.draw({ ...room, lanes: [], look, land: landOf(this.data.today, look.dark), now: 0, plants: Math.min(BEDS, this.plants), still: true });
  }

  close() { this.resized.disconnect(); }
}
