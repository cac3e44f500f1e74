// Boxes over a picture, burned in by the server. Without this module the form takes a reason, or deletes the picture.
//
// <form data-redaction><div class="redaction-stage"><img data-redaction-image></div>
// <input type="hidden" name="boxes" data-proposed='[{"left":0.1,"top":0.1,"width":0.2,"height":0.1}]'></form>
// Sides are shares of the picture. Drag to draw; with the keyboard: «Add a box», arrows move, Shift with arrows resizes,
// Delete removes, Ctrl+Z undoes.

const STEP = 0.01;

function prepareForm(form) {
  const stage = form.querySelector(".redaction-stage");
  const field = form.querySelector("input[name=boxes]");
  let boxes = JSON.parse(field.dataset.proposed || "[]").map((box) => ({ ...box, how: "cover" }));
  const past = [];
  let drawn = null;
  stage.classList.add("is-ready");

  const say = document.createElement("p");
  say.className = "meta";
  say.setAttribute("role", "status");
  const tools = document.createElement("p");
  tools.className = "actions";
  const button = (words, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button button-quiet button-small";
    made.textContent = words;
    made.addEventListener("click", act);
    tools.append(made);
  };
  const change = (act) => { past.push(JSON.stringify(boxes)); act(); show(); };
  const undo = () => { if (past.length) { boxes = JSON.parse(past.pop()); show(); } };
  button("Add a box", () => {
    change(() => boxes.push({ left: 0.4, top: 0.4, width: 0.2, height: 0.2, how: "cover" }));
    stage.querySelectorAll(".redaction-box")[boxes.length - 1].focus();
  });
  button("Undo", undo);
  stage.after(tools, say);

  function show() {
    stage.querySelectorAll(".redaction-box").forEach((each) => each.remove());
    boxes.forEach((box, index) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = `redaction-box is-${box.how}`;
      made.setAttribute("aria-label", `Box ${index + 1} of ${boxes.length}, ${box.how === "blur" ? "blurred" : "covered"}`);
      for (const side of ["left", "top", "width", "height"]) made.style[side] = `${100 * box[side]}%`;
      made.addEventListener("keydown", (event) => onKey(event, index));
      made.addEventListener("dblclick", () => change(() => { box.how = box.how === "blur" ? "cover" : "blur"; }));
      made.addEventListener("pointerdown", (event) => event.stopPropagation());
      stage.append(made);
    });
    field.value = JSON.stringify(boxes);
    say.textContent = boxes.length
      ? `${boxes.length} box${boxes.length === 1 ? "" : "es"}. Arrows move, Shift with arrows resizes, B blurs, Delete removes.`
      : "Drag over what is to be covered, or press “Add a box”.";
  }

  function onKey(event, index) {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    const box = boxes[index];
    if (moves[event.key]) {
      const [x, y] = moves[event.key];
      change(() => {
        if (event.shiftKey) {
          box.width = Math.max(STEP, Math.min(1 - box.left, box.width + x));
          box.height = Math.max(STEP, Math.min(1 - box.top, box.height + y));
        } else {
          box.left = Math.max(0, Math.min(1 - box.width, box.left + x));
          box.top = Math.max(0, Math.min(1 - box.height, box.top + y));
        }
      });
    } else if (event.key === "Delete" || event.key === "Backspace") {
      change(() => boxes.splice(index, 1));
    } else if (event.key === "b") {
      change(() => { box.how = box.how === "blur" ? "cover" : "blur"; });
    } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
      undo();
    } else {
      return;
    }
    event.preventDefault();
    stage.querySelectorAll(".redaction-box")[Math.min(index, boxes.length - 1)]?.focus();
  }

  const at = (event) => {
    const area = stage.getBoundingClientRect();
    const share = (value, from, size) => Math.max(0, Math.min(1, (value - from) / size));
    return [share(event.clientX, area.left, area.width), share(event.clientY, area.top, area.height)];
  };
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    stage.setPointerCapture(event.pointerId);
    past.push(JSON.stringify(boxes));
    const [left, top] = at(event);
    drawn = { left, top, from: [left, top], width: 0, height: 0, how: "cover" };
    boxes.push(drawn);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drawn) return;
    const [x, y] = at(event);
    drawn.left = Math.min(x, drawn.from[0]);
    drawn.top = Math.min(y, drawn.from[1]);
    drawn.width = Math.abs(x - drawn.from[0]);
    drawn.height = Math.abs(y - drawn.from[1]);
    show();
  });
  stage.addEventListener("pointerup", () => {
    if (!drawn) return;
    if (drawn.width < STEP || drawn.height < STEP) boxes = JSON.parse(past.pop());
    else delete drawn.from;
    drawn = null;
    show();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "z" && (event.ctrlKey || event.metaKey) && event.target === form) undo();
  });
  show();
}

document.querySelectorAll("form[data-redaction]").forEach(prepareForm);
