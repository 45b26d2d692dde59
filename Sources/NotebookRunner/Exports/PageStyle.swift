// How an exported page looks: one style sheet for light, dark, narrow and print. Colours keep a
// contrast of 4.5 with their ground in both themes; a test measures it.

enum PageStyle {
  /// Name, on light, on dark.
  static let colors: [(name: String, light: UInt32, dark: UInt32)] = [
    ("ground", 0xFFFFFF, 0x16181D),
    ("ink", 0x1F2328, 0xE4E7EB),
    ("quiet", 0x5B6068, 0xA4A9B2),
    ("rule", 0xDFE2E6, 0x343942),
    ("field", 0xF6F7F9, 0x1E2128),
    ("link", 0x0A5496, 0x8CBDF5),
    ("mark", 0x0072B2, 0x56B4E9),
    ("keyword", 0x8A2468, 0xE79BD2),
    ("builtin", 0x0B5C8C, 0x7FC5F2),
    ("string", 0x2C662C, 0xA0D191),
    ("number", 0x8A4700, 0xF0B56E),
    ("comment", 0x5A616B, 0x9DA4AE),
    ("fault", 0x9C1C15, 0xFFB0A6),
    ("fault-field", 0xFDF2F1, 0x2A1C1D),
    ("fault-rule", 0xB3261E, 0xE2776E),
    ("note-field", 0xFDF7E8, 0x27231A),
    ("note-rule", 0xB7791F, 0xC99A45),
  ]

  static let sheet: String = [
    ":root{color-scheme:light dark;\(variables(\.light))}",
    "@media (prefers-color-scheme:dark){:root{\(variables(\.dark))}}",
    rules,
    "@media print{:root{color-scheme:light;\(variables(\.light))}\n\(printRules)}",
  ].joined(separator: "\n")

  private static func variables(
    _ theme: KeyPath<(name: String, light: UInt32, dark: UInt32), UInt32>
  ) -> String {
    colors.map { "--\($0.name):#\(hexadecimal($0[keyPath: theme]))" }.joined(separator: ";")
  }

  private static func hexadecimal(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, 6 - digits.utf8.count)) + digits
  }

  private static let rules = """
    *{box-sizing:border-box}
    html{font:17px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;
    -webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-top:1rem}
    body{margin:0;background:var(--ground);color:var(--ink)}
    main,footer,.contents{max-width:46rem;margin:0 auto;padding:0 1.25rem}
    main{padding-top:3rem;padding-bottom:2rem;overflow-wrap:break-word}
    main>p,main>ul,main>ol,main>blockquote,main>h1,main>h2,main>h3,main>h4,main>h5,main>h6{max-width:38rem}
    h1,h2,h3,h4,h5,h6{line-height:1.25;font-weight:650;text-wrap:balance;margin:2.4em 0 .6em;break-after:avoid}
    h1{font-size:2.1rem;letter-spacing:-.022em;margin-top:0}
    h2{font-size:1.45rem;letter-spacing:-.014em}
    h3{font-size:1.15rem;letter-spacing:-.008em}
    h4,h5,h6{font-size:1rem}
    p,ul,ol,blockquote,dl{margin:0 0 1.05em}
    ul,ol{padding-left:1.5em}
    li{margin:.2em 0}
    li>ul,li>ol{margin-bottom:.2em}
    li.task{list-style:none;margin-left:-1.5em}
    a{color:var(--link);text-decoration-thickness:.06em;text-underline-offset:.16em}
    a:hover{text-decoration-thickness:.12em}
    :focus-visible{outline:2px solid var(--mark);outline-offset:2px;border-radius:2px}
    hr{border:0;border-top:1px solid var(--rule);margin:2.5em 0}
    blockquote{margin-left:0;padding-left:1.1em;border-left:3px solid var(--rule);color:var(--quiet)}
    img{max-width:100%;height:auto}
    code,pre,.name{font-family:ui-monospace,"SF Mono","Cascadia Mono","JetBrains Mono","DejaVu Sans Mono",
    Menlo,Consolas,"Liberation Mono",monospace;font-variant-ligatures:none}
    code{font-size:.86em;background:var(--field);border-radius:4px;padding:.12em .32em}
    pre{font-size:.8rem;line-height:1.5;margin:0 0 1.2rem;tab-size:4}
    pre code{font-size:inherit;background:none;padding:0;border-radius:0}
    pre.code{background:var(--field);border-radius:8px;padding:.8rem 1rem;overflow-x:auto}
    .facts{color:var(--quiet);margin:-.2rem 0 2rem;font-size:.88rem}
    .facts code{font-size:.92em}
    .cell{margin:1.5rem 0;position:relative}
    .cell pre.code{margin:0;border-left:3px solid var(--mark);border-radius:0 8px 8px 0}
    .cell>.name{position:absolute;right:.7rem;top:.45rem;font-size:.7rem;line-height:1.4;color:var(--quiet);
    text-decoration:none;background:var(--field);padding:0 .25rem;z-index:1}
    .cell>.name:hover{text-decoration:underline}
    .off pre.code{border-left-color:var(--rule)}
    .label{font-size:.78rem;font-weight:600;color:var(--quiet);margin:0 0 .3rem}
    .outputs{margin-top:.55rem;padding-left:calc(1rem + 3px)}
    .outputs pre{margin:0 0 .6rem;padding:.2rem 0;overflow-x:auto}
    .outputs pre.wrap{white-space:pre-wrap;overflow-wrap:anywhere}
    .outputs .error,.outputs .warnings{border-left:3px solid var(--fault-rule);border-radius:0 6px 6px 0;
    background:var(--fault-field);padding:.5rem .8rem;margin-left:calc(-1rem - 3px);padding-left:1rem}
    .outputs .error pre,.outputs .warnings pre{margin:0;padding:0}
    .outputs .warnings+.error,.outputs pre+.error,.outputs pre+.warnings{margin-top:.6rem}
    .outputs .error b{color:var(--fault);font-weight:650}
    .outputs .warnings{background:var(--note-field);border-left-color:var(--note-rule)}
    figure{margin:.9rem 0}
    figure img{display:block;border-radius:4px}
    figcaption,.missing{color:var(--quiet);font-size:.85rem}
    figcaption{margin-top:.35rem}
    .missing{border:1px dashed var(--rule);border-radius:4px;padding:.1rem .4rem}
    details{margin:1.2rem 0}
    details>summary{cursor:pointer;color:var(--quiet);font-size:.88rem}
    details[open]>summary{margin-bottom:.5rem}
    .cell details{margin:0}
    .table{overflow-x:auto;margin:0 0 1.3rem}
    table{border-collapse:collapse;font-size:.92rem;line-height:1.45;font-variant-numeric:tabular-nums}
    th,td{padding:.4rem .8rem .4rem 0;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
    th:last-child,td:last-child{padding-right:0}
    th{font-weight:600;border-bottom-color:var(--quiet)}
    .right{text-align:right}.center{text-align:center}
    .contents{padding-top:1.5rem;font-size:.9rem}
    .contents p{font-weight:600;margin:0 0 .3rem}
    .contents ul{list-style:none;padding:0;margin:0}
    .contents a{color:var(--quiet);text-decoration:none;display:block;padding:.12rem 0}
    .contents a:hover{color:var(--link);text-decoration:underline}
    .contents .l3 a{padding-left:1rem}
    footer{color:var(--quiet);font-size:.82rem;border-top:1px solid var(--rule);padding-top:1rem;padding-bottom:3rem}
    .k{color:var(--keyword)}.b{color:var(--builtin)}.s{color:var(--string)}.n{color:var(--number)}
    .c{color:var(--comment);font-style:italic}
    @media (min-width:80rem){
    .contents{position:fixed;top:3rem;left:max(1rem,calc(50vw - 39rem));width:14rem;margin:0;padding:0;
    max-height:calc(100vh - 6rem);overflow-y:auto}
    }
    @media (max-width:34rem){
    html{font-size:16px}
    main{padding-top:1.8rem}
    h1{font-size:1.7rem}
    h2{font-size:1.3rem}
    main,footer,.contents{padding-left:1rem;padding-right:1rem}
    .outputs{padding-left:0}
    .outputs .error,.outputs .warnings{margin-left:0}
    }
    """

  private static let printRules = """
    @page{margin:20mm 18mm}
    html{font-size:10.5pt}
    main,footer,main>p,main>ul,main>ol,main>blockquote{max-width:none}
    main,footer{padding:0}
    .contents,.cell>.name,details>summary::marker{display:none}
    pre,pre.code,.outputs pre{white-space:pre-wrap;overflow-wrap:anywhere;overflow:visible}
    pre.code{border:1px solid var(--rule)}
    .table{overflow:visible}
    figure,tr,img,h1,h2,h3{break-inside:avoid}
    p{orphans:3;widows:3}
    a{color:inherit}
    """
}
