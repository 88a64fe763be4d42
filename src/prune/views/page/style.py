"""How a page looks, in light, in dark and on paper; and its script, which it can do without."""

from __future__ import annotations

_COLORS = {  # Okabe and Ito's, told apart by the colour-blind; lighter where it is dark
    "light": ("#0072b2", "#c44f00", "#007a59", "#b0568a", "#a06b00", "#2b7fb0", "#222"),
    "dark": ("#56b4e9", "#ff8a4c", "#2fc99a", "#e59ac6", "#f0b83c", "#9ad3f5", "#ddd"),
}
_SHADES = 11


def _variables(scheme: str) -> str:
    return "".join(f"--c{i}:{color};" for i, color in enumerate(_COLORS[scheme]))


def _shades() -> str:
    """Return colours from all to nothing: z of zeros, q of what is lost."""
    steps = range(_SHADES)
    return "".join(
        f".{kind}{i}{{--v:color-mix(in oklab,var(--{end}) {10 * i}%,var(--{begin}))}}"
        for kind, begin, end in (("z", "full", "void"), ("q", "calm", "hot"))
        for i in steps
    )


def _curves() -> str:
    return "".join(f".s{i}{{--c:var(--c{i})}}" for i in range(len(_COLORS["light"])))


_LIGHT = "--bg:#fff;--fg:#1b1f24;--dim:#57606a;--rule:#d6dbe1;--soft:#f4f6f8;--link:#0b5cad;"
_LIGHT += "--full:#0b62a8;--void:#dfe7ee;--calm:#e3e0d8;--hot:#c1121f;--good:#176b3a;--bad:#a4161a;"
_DARK = "--bg:#12161b;--fg:#e8ebee;--dim:#a3adb8;--rule:#343c46;--soft:#1b2129;--link:#7cc0ff;"
_DARK += "--full:#4aa8f0;--void:#28323c;--calm:#3a3f46;--hot:#ff6b5e;--good:#5fd38d;--bad:#ff8a80;"

_RULES = """
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:28px 32px 60px;background:var(--bg);color:var(--fg);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:30px;line-height:1.2;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:21px;margin:44px 0 10px;padding-top:14px;border-top:1px solid var(--rule)}
h3,.title{font-size:15px;margin:0;color:var(--dim);font-weight:600}
.lead{font-size:19px;max-width:60em;margin:0 0 20px}
.note,small,.dim{color:var(--dim)}.note{font-size:14px;margin:4px 0}
a{color:var(--link)}
nav{font-size:14px;margin:0 0 18px}nav a{margin-right:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:14px;
margin:16px 0 22px}
.tile{background:var(--soft);border:1px solid var(--rule);border-radius:10px;padding:14px 18px}
.tile p{margin:2px 0}.tile p:nth-child(2){font-size:20px}.tile b{font-size:24px}
.tile b,.tile span{white-space:nowrap}
fieldset{border:0;margin:0;padding:0;min-width:0}
legend{font-size:14px;color:var(--dim);padding:0;margin:0 0 6px;float:left;margin-right:10px}
.axis>input{position:absolute;opacity:0}
.axis>label{display:inline-block;font-size:14px;padding:2px 12px;margin:0 6px 8px 0;
cursor:pointer;
border:1px solid var(--rule);border-radius:99px}
.axis>input:checked+label{background:var(--fg);color:var(--bg);border-color:var(--fg)}
.axis>input:focus-visible+label{outline:3px solid var(--link);outline-offset:2px}
.plots{clear:both;overflow-x:auto}.plot{display:none}
%s
svg{display:block;width:100%%;height:auto;
font:13px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif}
svg text{fill:var(--fg)}svg .dim{fill:var(--dim)}.end{text-anchor:end}.mid{text-anchor:middle}
.plot svg,.model{min-width:760px}
.grid{stroke:var(--rule);fill:none}.whole{stroke:var(--dim);stroke-dasharray:2 4;fill:none}
.line{fill:none;stroke:var(--c);stroke-width:2}.bar{fill:none;stroke:var(--c);stroke-width:1}
.mark{fill:var(--c);stroke:var(--bg);stroke-width:.8}
.dots{fill:none;stroke:var(--c);stroke-width:5;stroke-linecap:round}
svg .name{fill:var(--c);font-weight:600}
.lit .curve,.lit .name{opacity:.16}.lit .on,.lit .on *{opacity:1}
.legend{list-style:none;margin:8px 0;padding:0;columns:2 340px;font-size:14px}
.legend li{break-inside:avoid;padding:2px 0}.key{columns:auto;display:flex;gap:8px 28px;
flex-wrap:wrap}
.swatch{display:inline-block;width:34px;height:16px;vertical-align:-3px;margin-right:8px}
.ramp{display:inline-block;width:88px;height:14px;vertical-align:-2px}
.legend button,th button{font:inherit;color:inherit;background:none;border:0;padding:0;
cursor:pointer;text-align:inherit}
.legend button:hover,th button:hover{text-decoration:underline}
button:focus-visible,.frame:focus-visible,.plots:focus-visible,
summary:focus-visible,pre:focus-visible{outline:3px solid var(--link);outline-offset:2px}
[aria-pressed=true]{font-weight:700}
.edge{fill:none;stroke:var(--dim);stroke-width:1.4;opacity:.75}
.dot{fill:var(--v,var(--dim));stroke:var(--bg)}.open{fill:var(--bg);stroke:var(--dim)}
.model text{font-size:12.5px}.thin text{fill:var(--dim);font-size:11px}
rect{fill:var(--v)}.still{fill:var(--dim);opacity:.5}
.gone{fill:url(#cut);stroke:var(--bad);stroke-width:.8}.hatching{stroke:var(--bad);
stroke-width:1;opacity:.55}
%s
.frame{overflow-x:auto;margin:12px 0;max-height:640px}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--dim);padding:0 0 6px}
th,td{padding:3px 9px;text-align:right;border-bottom:1px solid var(--rule);white-space:nowrap}
td.text{white-space:normal;min-width:16em}.runs td:nth-child(-n+7){white-space:normal}
thead th{position:sticky;top:0;background:var(--bg);white-space:normal;vertical-align:bottom}
th:first-child,td.text{text-align:left}th{font-weight:600}
.heat{box-shadow:inset 0 -4px var(--v)}
.card{max-height:none}.card th:first-child{white-space:normal;min-width:15em;font-weight:400}
.origin{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%%,480px),1fr));
gap:0 36px}
.origin pre{grid-column:1/-1;margin:6px 0}.origin th:last-child{text-align:left}.origin .frame{
max-height:300px}
.defs{position:absolute}
.met{color:var(--good);font-weight:600}.unmet{color:var(--bad);font-weight:600}
code,pre{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
pre{background:var(--soft);border:1px solid var(--rule);border-radius:8px;
padding:10px 14px;overflow-x:auto}
summary{cursor:pointer;font-weight:600;margin:8px 0}
.origin td{text-align:left;white-space:normal;overflow-wrap:anywhere}
@media(max-width:640px){
body{padding:18px 14px}h1{font-size:24px}.lead{font-size:17px}.tile b{font-size:22px}}
@media print{body{max-width:none;padding:0;font-size:12px}.frame{max-height:none;overflow:visible}
.axis>input:not(:checked)+label,nav{display:none}.plot svg,.model{min-width:0}
svg,.tile,tr{break-inside:avoid}h2{break-after:avoid}table{font-size:10px}th,td{padding:2px 5px}
thead th{position:static}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""


def _plots(most: int) -> str:
    """Return which chart one sees: that of the button that is chosen."""
    return "".join(
        f".axis>input:nth-of-type({i}):checked~.plots>:nth-child({i}){{display:block}}"
        for i in range(1, most + 1)
    )


def css(axes: int) -> str:
    """Return the style of a page with charts of at most so many axes."""
    light, dark = _LIGHT + _variables("light"), _DARK + _variables("dark")
    rules = _RULES % (_plots(axes), _curves() + _shades())
    schemes = (
        f":root{{color-scheme:light dark;{light}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    )
    return schemes + rules.replace("\n", "")


# Sorts tables by a column, and lets a curve stand out: its entry in the legend is pressed.
SCRIPT = """
"use strict";
const value=c=>{const t=c.textContent.trim(),n=t.replace(/,/g,"");
return t!==""&&!isNaN(n)?Number(n):t};
const order=(a,b)=>typeof a==typeof b?(a<b?-1:a>b?1:0):typeof a=="number"?-1:1;
document.querySelectorAll("table").forEach(t=>{
const body=t.tBodies[0],heads=[...t.tHead.rows[0].cells];
if(body.rows.length<2)return;
heads.forEach((h,i)=>{const b=document.createElement("button");
b.type="button";b.append(...h.childNodes);h.append(b);
b.onclick=()=>{const up=h.getAttribute("aria-sort")!="ascending";
heads.forEach(o=>o.removeAttribute("aria-sort"));
h.setAttribute("aria-sort",up?"ascending":"descending");
body.append(...[...body.rows].map(r=>[value(r.cells[i]),r]).sort((a,b)=>(up?1:-1)*order(a[0],b[0])).map(p=>p[1]))}})});
document.querySelectorAll(".legend li[data-curve]").forEach(l=>{
const b=document.createElement("button"),part=l.closest("section"),n=l.dataset.curve;
b.type="button";b.setAttribute("aria-pressed","false");b.append(...l.childNodes);l.append(b);
b.onclick=()=>{const on=b.getAttribute("aria-pressed")=="false";
l.parentNode.querySelectorAll("button").forEach(o=>o.setAttribute("aria-pressed","false"));
b.setAttribute("aria-pressed",on);
part.querySelectorAll(".plots svg").forEach(s=>{s.classList.toggle("lit",on);
s.querySelectorAll("[data-curve]").forEach(c=>c.classList.toggle("on",on&&c.dataset.curve==n))})}});
""".strip()
