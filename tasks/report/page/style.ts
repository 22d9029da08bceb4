/** The page's style: two themes by the reader's setting, one column on a phone. */
export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1c1e21; --soft: #5c6168; --faint: #8a8f97; --line: #e3e4e6; --grid: #eeeff0;
  --base: #6b7280; --demos: #2a63c9; --both: #0a857a; --dropped: #c3c7cd; --mark: #b4451f; --wash: #f3f5f8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131416; --card: #1a1c1f; --ink: #e8e9eb; --soft: #a6abb3; --faint: #7c828b; --line: #2e3136; --grid: #26292d;
    --base: #9aa1ac; --demos: #6ea0f5; --both: #3fbfb0; --dropped: #4b5058; --mark: #ef8f6b; --wash: #1f2226;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 48px 24px 80px; }
h1 { font-size: 30px; line-height: 1.2; letter-spacing: -0.015em; font-weight: 650; margin: 0 0 8px; text-wrap: balance; }
h2 { font-size: 20px; line-height: 1.3; letter-spacing: -0.01em; font-weight: 620; margin: 0 0 4px; }
h3 { font-size: 14px; line-height: 1.4; font-weight: 600; margin: 0 0 2px; }
p { margin: 0 0 12px; max-width: 72ch; text-wrap: pretty; }
section { margin-top: 56px; }
.lead, .note { color: var(--soft); }
.note { font-size: 14px; max-width: 84ch; }
.verdict { margin: 28px 0 0; padding: 20px 22px; background: var(--wash); border-radius: 10px; }
.verdict p { max-width: 74ch; }
.verdict ul { margin: 0; padding-left: 1.1em; max-width: 74ch; }
.verdict li { margin-top: 4px; }
.verdict .headline { font-size: 18px; line-height: 1.45; font-weight: 560; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 16px; margin: 16px 0 0; }
.cards > :only-child { max-width: 480px; }
figure { margin: 0; padding: 16px 16px 10px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; min-width: 0; }
figure.picked { border-color: var(--demos); box-shadow: inset 0 0 0 1px var(--demos); }
figcaption { margin-bottom: 6px; }
figcaption .note { margin: 0; font-size: 13px; line-height: 1.4; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font: 11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
svg text.strong { fill: var(--ink); font-weight: 600; }
svg text.name { fill: var(--ink); font-size: 12px; }
.grid { stroke: var(--grid); stroke-width: 1; }
.axis { stroke: var(--line); stroke-width: 1; }
.whisker { stroke-width: 2; stroke-linecap: round; opacity: 0.55; }
.curve { fill: none; stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
.threshold { stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 4 3; }
svg text.mark { fill: var(--mark); font-weight: 600; }
.ring { fill: var(--card); stroke: var(--mark); stroke-width: 2; }
.s-base { stroke: var(--base); } .f-base { fill: var(--base); }
.s-demos { stroke: var(--demos); } .f-demos { fill: var(--demos); }
.s-both { stroke: var(--both); } .f-both { fill: var(--both); }
.f-dropped { fill: var(--dropped); }
.key { display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0; padding: 0; list-style: none; font-size: 13px; color: var(--soft); }
.key li::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 6px; background: var(--swatch); }
.wide { overflow-x: auto; margin-top: 16px; -webkit-overflow-scrolling: touch; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 16px 7px 0; border-bottom: 1px solid var(--line); vertical-align: baseline; white-space: nowrap; }
th { font-weight: 550; color: var(--soft); font-size: 13px; }
td.number, th.number { text-align: right; }
td .note { font-size: 13px; }
tr.picked td { font-weight: 600; }
td:last-child, th:last-child { padding-right: 0; }
.scene { margin-top: 24px; }
.strip { margin-top: 10px; }
.strip-name { display: flex; flex-wrap: wrap; gap: 0 10px; align-items: baseline; font-size: 14px; margin: 0 0 4px; }
.strip-name .note { font-size: 13px; }
.film { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: #ffffff; }
.film img { display: block; width: 100%; min-width: 720px; height: auto; }
details { margin-top: 12px; }
summary { cursor: pointer; color: var(--soft); }
.value { white-space: normal; overflow-wrap: anywhere; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 13px; }
footer { margin-top: 64px; color: var(--faint); font-size: 13px; }
@media (max-width: 600px) {
  main { padding: 28px 16px 56px; }
  h1 { font-size: 25px; }
  section { margin-top: 44px; }
  .verdict { padding: 16px; }
  .verdict .headline { font-size: 17px; }
  figure { padding: 14px 12px 8px; }
}
@media print { body { background: #ffffff; } figure { break-inside: avoid; } }
`;
