// The page of crosswalk serve. Whatever comes from the service is set as text, never as markup.
"use strict";

const at = (id) => document.getElementById(id);
let token = "";
let asked = null;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

async function ask(path, options = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(path, { ...options, headers: { ...headers, ...options.headers } });
  if (answer.status === 401) at("token").hidden = false;
  if (!answer.ok) {
    const refusal = await answer.json().catch(() => ({ error: `error ${answer.status}`, hint: "" }));
    throw new Error(`${refusal.error}. ${refusal.hint}`);
  }
  return answer;
}

async function lookUp() {
  const text = at("job").value.trim();
  if (asked) asked.abort();
  if (!text) {
    at("results").replaceChildren();
    at("status").textContent = "";
    return;
  }
  asked = new AbortController();
  try {
    const query = new URLSearchParams({ q: text, k: 6, lang: at("language").value });
    showCodes(await (await ask(`lookup?${query}`, { signal: asked.signal })).json());
  } catch (error) {
    if (error.name !== "AbortError") at("status").textContent = error.message;
  }
}

function showCodes(found) {
  at("status").textContent = found.codes.length
    ? `${found.codes.length} codes for “${found.text}”. Probability that none is right: ${percent(found.none)}`
    : `No code for “${found.text}”${found.note ? `: ${found.note}` : ""}`;
  at("results").replaceChildren(...found.codes.map(row));
}

function row(entry) {
  const button = make("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  const title = make("span", entry.title);
  title.lang = at("language").value;
  const meter = make("meter");
  meter.value = entry.probability;
  meter.setAttribute("aria-hidden", "true");
  button.append(make("span", entry.code, "code"), title, make("span", percent(entry.probability), "sure"), meter,
    make("span", `as in “${entry.matched}”`, "matched"));
  button.addEventListener("click", () => {
    for (const other of at("results").querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    location.hash = entry.code;
  });
  const item = make("li");
  item.append(button);
  return item;
}

const percent = (share) => `${Math.round(100 * share)} %`;

async function showGroup() {
  const code = decodeURIComponent(location.hash.slice(1));
  at("group").hidden = !code;
  if (!code) return;
  try {
    const facts = await (await ask(`groups/${encodeURIComponent(code)}?lang=${at("language").value}`)).json();
    at("group").replaceChildren(
      make("h2", `${facts.code} ${facts.title}`),
      make("p", facts.definition || "No definition here: your office can import the official file (crosswalk import isco-08)."),
      ...part(`${facts.level_name} in`, facts.above), ...part("Consists of", facts.below), ...part("Neighbours", facts.neighbours),
      ...(facts.examples.length ? [make("h3", "Titles in the book"), make("p", facts.examples.join("; "))] : []));
  } catch (error) {
    at("group").replaceChildren(make("p", error.message));
  }
}

function part(heading, groups) {
  if (!groups.length) return [];
  const list = make("ul");
  for (const group of groups) {
    const link = make("a", `${group.code} ${group.title}`);
    link.href = `#${encodeURIComponent(group.code)}`;
    const item = make("li");
    item.append(link);
    list.append(item);
  }
  return [make("h3", heading), list];
}

async function suggestColumns() {
  const file = at("file").files[0];
  at("columns").replaceChildren();
  if (!file || /\.xlsx$/i.test(file.name)) return;
  const header = (await file.slice(0, 10000).text()).split(/\r?\n/)[0];
  const separator = ["\t", ";", ",", "|"].reduce((best, mark) => (header.split(mark).length > header.split(best).length ? mark : best), ",");
  const names = header.split(separator).map((name) => name.trim().replace(/^\ufeff?"?|"$/g, ""));
  at("columns").replaceChildren(...names.map((name) => { const option = make("option"); option.value = name; return option; }));
}

async function codeFile(event) {
  event.preventDefault();
  at("send").disabled = true;
  at("file-status").textContent = "Coding …";
  try {
    const query = new URLSearchParams({ text_column: at("column").value, threshold: at("threshold").value });
    const answer = await ask(`code/file?${query}`,
      { method: "POST", body: at("file").files[0], headers: { "Content-Type": "application/octet-stream" } });
    const summary = JSON.parse(answer.headers.get("crosswalk-summary"));
    const left = summary.methods.review || 0;
    const link = make("a", "coded.csv");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = "coded.csv";
    at("file-status").replaceChildren(`${summary.rows} rows coded, ${left} of them left for a person. `, link);
  } catch (error) {
    at("file-status").textContent = error.message;
  }
  at("send").disabled = false;
}

async function start() {
  let waiting = 0;
  at("job").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(lookUp, 100); });
  at("search").addEventListener("submit", (event) => { event.preventDefault(); lookUp(); });
  at("language").addEventListener("change", () => { lookUp(); showGroup(); });
  at("token").addEventListener("submit", (event) => { event.preventDefault(); token = at("word").value; at("token").hidden = true; listLanguages(); lookUp(); showGroup(); });
  at("file").addEventListener("change", suggestColumns);
  at("upload").addEventListener("submit", codeFile);
  addEventListener("hashchange", showGroup);
  await listLanguages();
  at("job").value = new URLSearchParams(location.search).get("q") || "";
  lookUp();
  showGroup();
}

async function listLanguages() {
  const languages = await ask("languages").then((answer) => answer.json(), () => ["en"]);
  const names = new Intl.DisplayNames([navigator.language], { type: "language" });
  at("language").replaceChildren(...languages.map((code) => { const option = make("option", names.of(code)); option.value = code; return option; }));
  const own = navigator.languages.map((tag) => tag.split("-")[0]).map((tag) => (tag === "nb" || tag === "nn" ? "no" : tag));
  at("language").value = own.find((code) => languages.includes(code)) || "en";
}

start();
