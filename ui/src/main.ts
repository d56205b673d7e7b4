import "@fontsource-variable/golos-text/wght.css";
import "@fontsource/pt-serif/400.css";
import "@fontsource/pt-serif/400-italic.css";
import "@fontsource/pt-serif/700.css";
import "./styles/tokens.css";
import "./styles/base.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { enter, type Backend } from "./backend/backend";
import { tauri } from "./backend/tauri";

async function choose(): Promise<Backend> {
  const parameters = new URLSearchParams(window.location.search);
  if (import.meta.env.DEV && parameters.has("fake")) {
    const { fake } = await import("./backend/fake");
    return fake(parameters);
  }
  return tauri;
}

enter(await choose());
const target = document.getElementById("app");
if (target) mount(App, { target });
