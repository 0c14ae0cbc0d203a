"""The style of a diagram, in light and in dark: classes for roles, messages, logs and runs. Each differs by shape or dash too."""

STYLE = """
  svg { font: 12px system-ui, sans-serif; --ink: #1f2328; --quiet: #57606a; --paper: #ffffff; --rule: #d0d7de;
    --blue: #0969da; --violet: #8250df; --green: #1a7f37; --red: #cf222e; --amber: #9a6700; --teal: #1b7c83 }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #f0f6fc; --quiet: #9198a1; --paper: #0d1117; --rule: #30363d;
      --blue: #58a6ff; --violet: #bc8cff; --green: #3fb950; --red: #ff7b72; --amber: #d29922; --teal: #56d4dd }
  }
  .card { fill: var(--paper); stroke: var(--rule) } text { fill: var(--ink) }
  .title { font-size: 15px; font-weight: 600 }
  .small, .time, .word { fill: var(--quiet); font-size: 10.5px }
  .time, .cell text { font-family: ui-monospace, monospace }
  .word, .cell text { stroke: var(--paper); stroke-width: 4px; paint-order: stroke } .cell text { stroke: none }
  .name { font-size: 14px; font-weight: 700 } .strong { font-weight: 600 } .step { font-style: italic }
  .guide { stroke: var(--rule); stroke-dasharray: 1 3; fill: none } .fold { stroke: var(--quiet); fill: var(--paper) }
  .follower { stroke: var(--quiet); stroke-width: 2 }
  .down { stroke: var(--rule); stroke-width: 2; stroke-dasharray: 1 5 }
  .trial, .candidate { fill: var(--paper); stroke: var(--violet); stroke-width: 1.5 } .trial { stroke-dasharray: 3 2 }
  .leader { fill: var(--green) }
  .sign { fill: var(--paper); stroke: var(--quiet); stroke-width: 1.5 }
  .sign.leader { fill: var(--green); stroke: var(--green) }
  .sign.candidate, .sign.trial { stroke: var(--violet) }
  .sign.crash, .sign.failed { stroke: var(--red); stroke-width: 3.5; fill: none }
  .sign.restart { fill: var(--blue); stroke: var(--blue) } .sign.snapshot { fill: var(--teal); stroke: var(--paper) }
  .letter { font-size: 9.5px; font-weight: 700; text-anchor: middle } .letter.on { fill: var(--paper) }
  .go path { fill: none; stroke: var(--tone); stroke-width: 1.3 } .go .tip { fill: var(--tone); stroke-width: .6 }
  .go .lost { stroke: var(--red); stroke-width: 2.2 }
  .question, .vote, .refusal, .asked, .answer { --tone: var(--violet) } .entries, .beat { --tone: var(--blue) }
  .accepted, .wish { --tone: var(--quiet) } .snap { --tone: var(--teal) } .heir, .confirm { --tone: var(--amber) }
  .question path, .heir path, .snap path { stroke-width: 2.2 } .asked path:first-of-type { stroke-dasharray: 6 3 }
  .answer path:first-of-type { stroke-dasharray: 2 3 }
  .refusal path:first-of-type, .beat path:first-of-type { stroke-dasharray: 8 2 2 2 }
  .wish path:first-of-type { stroke-dasharray: 3 3 } .confirm path:first-of-type { stroke-dasharray: 9 3 }
  .accepted path { stroke-width: .8 }
  .cell rect { fill: var(--paper); stroke: var(--ink); stroke-dasharray: 2 2 }
  .cell .sure { stroke-dasharray: none; stroke-width: 1.6 }
  .cell text { font-size: 9px; text-anchor: middle } .t1 .sure { fill: #54aeff66 } .t2 .sure { fill: #fa7a1866 }
  .t3 .sure { fill: #4ac26b66 }
  .t4 .sure { fill: #c297ff66 } .t0 .sure { fill: #d4a72c66 }
  .cell .gone { fill: var(--rule); stroke-dasharray: none }
  .run { fill: var(--amber); stroke: var(--amber) }
  .run.failed, .run.cancelled, .run.cut { fill: none; stroke-dasharray: 3 2 }
  .turn { stroke: var(--amber); stroke-width: 1.5; fill: none }
  .breach { stroke: var(--red); stroke-width: 2; stroke-dasharray: 7 3 }
  .broken { fill: var(--red); font-weight: 700 }
"""
CLASSES = {"trial": "asked", "snapshot": "snap"}
"""The CSS class of an arrow where it is not the name of its kind, because a role or sign has that name."""
