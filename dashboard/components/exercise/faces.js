// "It hurts": six faces, one press. Whoever does not want to choose stops all the same.

class Faces {
  constructor(dialog, say) {
    this.dialog = dialog;
    this.say = say;
    dialog.querySelector(".plain").onclick = () => this.tell(null);
    dialog.querySelector(".never").onclick = () => dialog.close();
  }

  // `after`: it is over, and nothing is to be stopped.
  ask(data, after) {
    const find = (name) => this.dialog.querySelector(name);
    const words = data.words;
    this.after = after;
    setText(find("h2"), after ? words["faces.after"] : words["faces.title"]);
    setText(find(".why"), [words[after ? "faces.why_after" : "faces.why"], data.age_note].filter(Boolean).join(" "));
    find(".row").replaceChildren(...data.faces.map(({ score, label, svg }) => {
      const key = document.createElement("button");
      key.type = "button";
      key.innerHTML = svg;
      key.setAttribute("aria-label", label);
      key.dataset.face = score;
      key.onclick = () => this.tell(score);
      return key;
    }));
    const [first, last] = find(".ends").children;
    setText(first, words["faces.none"]);
    setText(last, words["faces.most"]);
    find(".sat").hidden = !after;
    setText(find(".sat legend"), words["faces.sat"]);
    const [yes, no] = find(".sat").querySelectorAll("span");
    setText(yes, words.yes);
    setText(no, words.no);
    setText(find(".plain b"), after ? words["faces.no_answer"] : words["faces.just_stop"]);
    setText(find(".never b"), words["faces.never_mind"]);
    find(".never").hidden = after;
    if (!this.dialog.open) this.dialog.showModal();
  }

  tell(face) {
    this.dialog.close();
    if (!this.after) this.say({ do: "pain", face });
    else {
      const sat = this.dialog.querySelector("input:checked")?.value;
      this.say({ do: "after", face, position_kept: sat ? sat === "yes" : null });
    }
  }

  close() { if (this.dialog.open) this.dialog.close(); }
}
