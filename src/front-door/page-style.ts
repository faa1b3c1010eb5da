/** The look of the front door's pages: one sheet, no external resource, light and dark, from 320 px up. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --bg: #f6f7f9; --card: #fff; --line: #dfe3e8; --soft: #eef0f3;
  --ink: #16191d; --dim: #5a6472;
  --good: #1a7f45; --busy: #2563c9; --warn: #9a5b00; --bad: #c02626; --idle: #626c7a;
  --shadow: 0 1px 2px rgb(20 28 40 / .05), 0 12px 32px -12px rgb(20 28 40 / .14);
}
@media (prefers-color-scheme: dark) {
  :root {
    --bg: #0e1116; --card: #161a21; --line: #2a303a; --soft: #1e232c;
    --ink: #e8ebf0; --dim: #9aa5b4;
    --good: #4cc27f; --busy: #74a7ff; --warn: #e3a344; --bad: #ff7d78; --idle: #98a2b1;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center;
  padding: clamp(20px, 7vh, 76px) 16px 28px; background: var(--bg); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
}
.good { --tone: var(--good); } .busy { --tone: var(--busy); } .warn { --tone: var(--warn); }
.bad { --tone: var(--bad); } .idle { --tone: var(--idle); }
code, pre, .mono { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
.brand { width: 100%; max-width: 740px; display: flex; align-items: center; gap: 9px; margin-bottom: 14px;
  color: var(--dim); font-size: 14px; font-weight: 600; letter-spacing: .01em; }
.brand svg { width: 22px; height: 22px; color: var(--ink); }
.brand .host { margin-left: auto; font-weight: 400; font-size: 13px; overflow-wrap: anywhere; text-align: right; }
main { width: 100%; max-width: 740px; background: var(--card); border: 1px solid var(--line); border-radius: 16px;
  box-shadow: var(--shadow); overflow: hidden; }
section { padding: 22px 28px; }
section + section { border-top: 1px solid var(--line); }
.head { padding: 30px 28px 26px; }
.state { display: flex; align-items: center; gap: 10px; color: var(--tone); font-size: 14px; font-weight: 600; }
.dot { position: relative; width: 10px; height: 10px; border-radius: 50%; background: currentColor; flex: none; }
h1 { margin: 10px 0 4px; font-size: clamp(23px, 5.2vw, 30px); line-height: 1.2; letter-spacing: -.018em;
  font-weight: 680; overflow-wrap: anywhere; text-wrap: balance; }
.lead { margin: 6px 0 0; color: var(--dim); max-width: 60ch; }
h2 { margin: 0 0 12px; font-size: 13px; font-weight: 600; color: var(--dim); }
.elapsed { margin-left: auto; color: var(--dim); font-weight: 400; font-variant-numeric: tabular-nums; }
ol.stages { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(5, 1fr); }
.stage { position: relative; padding-right: 8px; color: var(--dim); font-size: 14px; }
.stage::before { content: ""; position: absolute; top: 11px; left: 24px; right: 0; height: 2px; background: var(--line); }
.stage:last-child::before { display: none; }
.stage.done::before { background: var(--good); }
.mark { position: relative; display: grid; place-items: center; width: 24px; height: 24px; margin-bottom: 8px;
  border-radius: 50%; border: 2px solid var(--line); background: var(--card); }
.mark svg { width: 12px; height: 12px; }
.stage.done .mark { background: var(--good); border-color: var(--good); color: var(--card); }
.stage.active .mark { border-color: var(--busy); }
.stage.active .mark::after { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--busy); }
.stage.failed .mark { background: var(--bad); border-color: var(--bad); color: var(--card); }
.stage b { display: block; font-weight: 600; }
.stage.done b, .stage.active b { color: var(--ink); }
.stage.failed b, .stage.failed small { color: var(--bad); }
.stage small { display: block; font-size: 13px; line-height: 1.35; }
.doing { margin: 18px 0 0; padding: 11px 14px; border-radius: 10px; background: var(--soft); font-size: 14px; }
ol.phases { list-style: none; margin: 20px 0 0; padding: 8px 14px; border-radius: 10px; background: var(--soft);
  font-size: 14px; }
.phase { display: grid; grid-template-columns: 14px 1fr auto; gap: 0 10px; padding: 4px 0; color: var(--dim); }
.phase.done, .phase.running { color: var(--ink); } .phase.failed, .phase.failed .took { color: var(--bad); }
.phase > span { overflow-wrap: anywhere; min-width: 0; }
.phase small { color: var(--dim); font-size: 13px; margin-left: 4px; }
.pip { position: relative; height: 21px; display: grid; place-items: center; }
.pip svg { width: 13px; height: 13px; } .phase.done .pip { color: var(--good); }
.phase.running .pip::after, .phase.waiting .pip::after, .phase.cancelled .pip::after { content: ""; width: 7px;
  height: 7px; border-radius: 50%; background: var(--busy); }
.phase.waiting .pip::after, .phase.cancelled .pip::after { background: var(--dim); opacity: .4; }
.took { color: var(--dim); font-variant-numeric: tabular-nums; text-align: right; }
dl { margin: 0; display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 14px 24px;
  font-size: 15px; }
dt { color: var(--dim); font-size: 13px; } dd { margin: 0; overflow-wrap: anywhere; }
dd code { font-size: 14px; }
.failure { background: color-mix(in srgb, var(--tone) 7%, transparent); }
.failure p { margin: 0; overflow-wrap: anywhere; }
.failure .what { font-weight: 600; }
.failure .facts { margin-top: 6px; color: var(--dim); font-size: 14px; }
.message { margin: 10px 0 0; white-space: pre-wrap; }
ul.next { margin: 0; padding-left: 20px; } ul.next li + li { margin-top: 5px; } ul.next li { overflow-wrap: anywhere; }
pre { margin: 0; padding: 14px 16px; border-radius: 10px; background: var(--soft); font-size: 13px; line-height: 1.55;
  overflow-x: auto; max-height: 340px; tab-size: 2; }
pre:focus-visible, summary:focus-visible { outline: 2px solid var(--busy); outline-offset: 2px; }
.wrap { white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; font-size: 14px; color: var(--dim); font-weight: 600; border-radius: 4px; }
details[open] summary { margin-bottom: 14px; }
ul.conditions { list-style: none; margin: 0; padding: 0; font-size: 14px; }
ul.conditions li { display: grid; grid-template-columns: 18px 1fr; gap: 0 8px; padding: 7px 0; }
ul.conditions li + li { border-top: 1px solid var(--line); }
ul.conditions b { font-weight: 600; } ul.conditions .dim, .dim { color: var(--dim); }
ul.conditions p { margin: 0; grid-column: 2; overflow-wrap: anywhere; white-space: pre-line; }
.yes { color: var(--good); } .no { color: var(--warn); } .unknown { color: var(--dim); }
footer { width: 100%; max-width: 740px; margin-top: 14px; color: var(--dim); font-size: 13px; text-align: center; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: no-preference) {
  .busy .dot::after, .stage.active .mark::before { content: ""; position: absolute; inset: 0; border-radius: 50%;
    background: currentColor; animation: pulse 1.8s ease-out infinite; }
  .stage.active .mark::before { inset: 3px; background: var(--busy); }
  @keyframes pulse { from { opacity: .55; transform: scale(1); } to { opacity: 0; transform: scale(2.6); } }
}
@media (max-width: 560px) {
  pre.tail { white-space: pre-wrap; overflow-wrap: anywhere; }
  section { padding: 18px 18px; } .head { padding: 22px 18px 20px; }
  .brand .host { display: none; }
  ol.stages { grid-template-columns: 1fr; }
  .stage { display: grid; grid-template-columns: 24px 1fr; column-gap: 12px; padding: 0 0 10px; align-items: start; }
  .stage:last-child { padding-bottom: 0; }
  .stage::before { top: 24px; bottom: 0; left: 11px; right: auto; width: 2px; height: auto; }
  .mark { margin: 0; grid-row: span 2; } .stage b { line-height: 24px; } .stage small { grid-column: 2; margin-top: -3px; }
  .stage.waiting small { display: none; } .stage.waiting { min-height: 40px; } .stage.waiting:last-child { min-height: 0; }
}
`;
