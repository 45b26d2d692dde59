// GNU readline behind `LineEditor`: it decodes keys and edits the buffer; drawing, Enter, Up, Down,
// Tab and paste are ours, because an input may have several lines.

import CReadline
import Glibc

/// The one editor of the process: readline's state is global.
package final class ReadlineEditor: LineEditor {
  /// C callbacks have no context; they find the editor here. Only the console's thread uses it.
  nonisolated(unsafe) private static var current: ReadlineEditor?

  private var screen: Screen
  private let isPlain: Bool
  private var prompt = ""
  private var continuationPrompt = ""
  private weak var guide: (any EditingGuide)?
  private var result: EditedInput?
  private var recall = Recall()
  /// What is remembered before everything else, until it has been.
  private var earlier: (() -> [String])?
  /// What the input begins with.
  private var start: (text: String, cursor: Int)?
  /// The entry of the history that the next input begins with.
  private var followUp: Int?
  /// The paste that ends the input.
  private var pasted: String?
  private var hidesHint = false
  /// Readline redraws when it cleans up, too: nothing is drawn then.
  private var isEditing = false

  /// `isPlain`: a terminal without escapes.
  package init(isPlain: Bool, colors: Bool) {
    self.isPlain = isPlain
    screen = Screen(canMove: !isPlain, promptColor: colors ? "1;32" : nil)
    Self.current = self
    configure()
  }

  private func configure() {
    // Readline keeps the pointer.
    cr_configure(strdup("quire"), isPlain ? nil : { ReadlineEditor.current?.redraw() })
    bindKeys()
    // Else the terminal's own key for killing a line takes Ctrl-U away.
    rl_variable_bind("bind-tty-special-chars", "off")
    // Reads the person's inputrc, whose keys win over those before.
    rl_initialize()
    var settings = ["set blink-matching-paren off", "set horizontal-scroll-mode off"]
    settings.append("set enable-bracketed-paste \(isPlain ? "off" : "on")")
    settings.append("set enable-active-region off")
    for line in settings {
      var bytes = Array(line.utf8CString)
      rl_parse_and_bind(&bytes)
    }
    bindOwnKeys()
  }

  private static let maps = ["emacs", "vi-insert", "vi-command"]

  /// Keys that a line `$if quire` of an inputrc may bind anew, to these names or any others.
  private func bindKeys() {
    name("quire-up") { _, _ in ReadlineEditor.run { $0.up() } }
    name("quire-down") { _, _ in ReadlineEditor.run { $0.down() } }
    name("quire-new-line") { _, _ in ReadlineEditor.run { $0.insert("\n") } }
    name("quire-run-and-next") { _, _ in ReadlineEditor.run { $0.runAndNext() } }
    name("quire-edit") { _, _ in ReadlineEditor.run { $0.editElsewhere() } }
    name("quire-clear") { _, _ in ReadlineEditor.run { $0.clearScreen() } }
    for name in Self.maps {
      guard let map = rl_get_keymap_by_name(name) else { continue }
      let isCommand = name == "vi-command"
      for keys in ["\u{1B}[A", "\u{1B}OA", "\u{10}"] + (isCommand ? ["k"] : []) {
        bind(keys, map) { _, _ in ReadlineEditor.run { $0.up() } }
      }
      for keys in ["\u{1B}[B", "\u{1B}OB", "\u{0E}"] + (isCommand ? ["j"] : []) {
        bind(keys, map) { _, _ in ReadlineEditor.run { $0.down() } }
      }
      for keys in ["\u{1B}\r", "\u{1B}\n"] where name == "emacs" {
        bind(keys, map) { _, _ in ReadlineEditor.run { $0.insert("\n") } }
      }
      for keys in ["\u{1B}[H", "\u{1B}OH", "\u{1B}[1~"] + (isCommand ? ["0"] : ["\u{01}"]) {
        bind(keys, map) { _, _ in ReadlineEditor.run { $0.moveToLineStart() } }
      }
      for keys in ["\u{1B}[F", "\u{1B}OF", "\u{1B}[4~"] + (isCommand ? [] : ["\u{05}"]) {
        bind(keys, map) { _, _ in ReadlineEditor.run { $0.moveToLineEnd() } }
      }
      if !isCommand {
        bind("\u{0B}", map) { _, _ in ReadlineEditor.run { $0.cutToLineEnd() } }
        bind("\u{15}", map) { _, _ in ReadlineEditor.run { $0.cutToLineStart() } }
      }
      bind("\u{0F}", map) { _, _ in ReadlineEditor.run { $0.runAndNext() } }
      bind("\u{18}\u{05}", map) { _, _ in ReadlineEditor.run { $0.editElsewhere() } }
      bind("\u{0C}", map) { _, _ in ReadlineEditor.run { $0.clearScreen() } }
    }
  }

  /// Keys without which an input of several lines cannot be entered.
  private func bindOwnKeys() {
    for name in Self.maps {
      guard let map = rl_get_keymap_by_name(name) else { continue }
      for key in [13, 10] as [Int32] {
        rl_bind_key_in_map(key, { _, _ in ReadlineEditor.run { $0.enter() } }, map)
      }
      if !isPlain {
        bind("\u{1B}[200~", map) { _, _ in ReadlineEditor.run { $0.paste() } }
      }
      if name == "vi-command" { continue }
      rl_bind_key_in_map(9, { _, _ in ReadlineEditor.run { $0.complete() } }, map)
      for key in [0x29, 0x5D, 0x7D] as [Int32] {
        rl_bind_key_in_map(key, { _, key in ReadlineEditor.run { $0.close(key) } }, map)
      }
    }
  }

  private static func run(_ action: (ReadlineEditor) -> Void) -> Int32 {
    if let current { action(current) }
    return 0
  }

  private typealias Command = @convention(c) (Int32, Int32) -> Int32

  /// A name for inputrc; readline keeps the pointer.
  private func name(_ name: String, _ command: @escaping Command) {
    rl_add_defun(strdup(name), command, -1)
  }

  private func bind(_ keys: String, _ map: Keymap, _ command: @escaping Command) {
    rl_bind_keyseq_in_map(keys, command, map)
  }

  package var bindings: [String] {
    [
      "Enter           runs a complete input, else begins a new line; on a blank line at the end: runs",
      "Alt-Enter       begins a new line", "Tab             completes, or indents",
      "Up, Down        move between lines, then through history by what is typed",
      "Ctrl-R, Ctrl-S  search the history backward and forward",
      "Ctrl-O          runs an entry of the history and brings the next one",
      "Alt-.           the last word of the entry before",
      "Ctrl-A, Ctrl-E  start and end of the line; Alt-B, Alt-F a word back and on",
      "Ctrl-W, Ctrl-K  cut a word, cut to the end; Ctrl-Y brings back",
      "Ctrl-_          undoes", "Ctrl-L          clears the screen",
      "Ctrl-X Ctrl-E   opens the input in $VISUAL",
      "Ctrl-C          drops the input; stops a running cell",
      "Ctrl-Z          stops quire; fg in the shell brings it back",
      "Ctrl-D          on an empty line: quits",
      "An inputrc changes keys between `$if quire` and `$endif`: quire-up, quire-down,",
      "quire-new-line, quire-run-and-next, quire-edit and quire-clear are the names of the above.",
    ]
  }

  // MARK: One input

  package func read(
    prompt: String, continuation: String, start: (text: String, cursor: Int)?,
    guide: any EditingGuide
  ) -> EditedInput {
    self.guide = guide
    continuationPrompt = continuation
    var start = start
    if let next = followUp, start == nil, let entry = recall.entry(next) {
      start = (entry, entry.utf8.count)
    }
    let place = followUp
    followUp = nil
    self.start = start
    recall.start(at: place)
    return isPlain ? readLines(prompt, continuation, guide) : readOne(prompt)
  }

  package func show(prompt: String, continuation: String, text: String) {
    guard !isPlain else { return }
    self.prompt = prompt
    continuationPrompt = continuation
    screen.forget()
    draw(text, cursor: text.utf8.count)
    screen.leave()
    screen.write("\r\n")
  }

  /// Without cursor movement each line is an input of its own, and they are joined here.
  private func readLines(
    _ prompt: String, _ continuation: String, _ guide: any EditingGuide
  ) -> EditedInput {
    var lines: [String] = []
    while true {
      let input = readOne(lines.isEmpty ? prompt : continuation)
      guard case .text(let line) = input else { return input }
      lines.append(line)
      let whole = lines.joined(separator: "\n")
      let isForced = lines.count > 1 && line.allSatisfy { $0 == " " }
      if isForced || guide.continuation(of: whole) == nil { return .text(whole) }
    }
  }

  private func readOne(_ prompt: String) -> EditedInput {
    self.prompt = prompt
    result = nil
    screen.forget()
    isEditing = true
    rl_callback_handler_install(prompt) { line in
      ReadlineEditor.current?.finish(line.map { String(cString: $0) })
      free(line)
    }
    loadEarlier()
    if let (text, cursor) = start {
      start = nil
      replace(text, cursor: cursor)
      if isPlain { rl_forced_update_display() } else { redraw() }
    }
    while result == nil { waitForKey() }
    isEditing = false
    rl_callback_handler_remove()
    return result ?? .end
  }

  private func finish(_ line: String?) {
    isEditing = false
    let isGone = isatty(0) == 0
    // Else readline would begin the next input by itself.
    rl_callback_handler_remove()
    if line == nil {
      screen.leave()
      screen.write("\n")
    }
    if let pasted {
      self.pasted = nil
      result = .pasted(pasted)
    } else {
      // A terminal that went away is no Ctrl-D.
      result = line.map { .text($0) } ?? (isGone ? .terminated(SIGHUP) : .end)
    }
  }

  private func waitForKey() {
    var watched = [
      pollfd(fd: 0, events: Int16(POLLIN), revents: 0),
      pollfd(fd: Signals.pipe, events: Int16(POLLIN), revents: 0),
    ]
    guard poll(&watched, 2, -1) > 0 else { return }
    if watched[1].revents != 0 { Signals.pending().forEach(react) }
    if result == nil, watched[0].revents != 0 { rl_callback_read_char() }
  }

  private func react(to signal: Int32) {
    switch signal {
    case SIGINT: cancel()
    case SIGWINCH:
      rl_resize_terminal()
      screen.resized()
      redraw()
    case SIGTSTP:
      leaveLine()
      cr_deprepare()
      Signals.suspend()
      cr_prepare()
      redraw()
    case SIGTERM, SIGHUP:
      leaveLine()
      result = .terminated(signal)
    default: break
    }
  }

  private func leaveLine() {
    drawPlainly()
    screen.leave()
    screen.write("\r\n")
  }

  private func cancel() {
    cr_set_point(cr_end())
    drawPlainly()
    screen.leave()
    screen.write("^C\r\n")
    isEditing = false
    cr_clear_pending()
    result = .cancelled
  }

  // MARK: Drawing

  private func redraw() {
    guard isEditing else { return }
    if isPlain {
      rl_forced_update_display()
      return
    }
    let hint = hidesHint ? nil : guide?.hint(in: text, at: Int(cr_point()))
    draw(text, cursor: Int(cr_point()), message: cr_message().map { String(cString: $0) }, hint)
  }

  /// Without the hint: something else comes below.
  private func drawPlainly() {
    guard !isPlain else { return }
    hidesHint = true
    redraw()
    hidesHint = false
  }

  private func draw(
    _ text: String, cursor: Int, message: String? = nil, _ hint: String? = nil
  ) {
    let layout = LineLayout(
      prompt: message ?? prompt, continuation: continuationPrompt, text: text, cursor: cursor,
      width: Screen.size().columns)
    screen.draw(layout, promptCount: message == nil ? prompt.count : 0, hint: hint)
  }

  private func clearScreen() {
    screen.write("\u{1B}[H\u{1B}[2J")
    screen.forget()
    redraw()
  }

  // MARK: The buffer

  private var text: String { String(cString: cr_line()) }

  /// Text before the cursor.
  private var head: String {
    String(decoding: text.utf8.prefix(Int(cr_point())), as: UTF8.self)
  }

  fileprivate func insert(_ text: String) { rl_insert_text(text) }

  private func replace(_ text: String, cursor: Int? = nil) {
    rl_replace_line(text, 0)
    cr_set_point(Int32(cursor ?? text.utf8.count))
  }

  // MARK: Keys

  fileprivate func enter() {
    let whole = text
    // A blank line at the end of several forces a run.
    let lines = whole.split(separator: "\n", omittingEmptySubsequences: false)
    let isForced = lines.count > 1 && lines[lines.count - 1].allSatisfy { $0 == " " }
    guard !isForced, !isPlain, let indent = guide?.continuation(of: whole) else { return accept() }
    insert("\n" + String(repeating: " ", count: indent))
  }

  private func accept() {
    cr_set_point(cr_end())
    if !isPlain {
      drawPlainly()
      screen.leave()
      // Readline ends the line itself only when it drew it.
      screen.write("\r\n")
    }
    rl_newline(1, 10)
  }

  /// A closing bracket that begins its line stands one step further out.
  fileprivate func close(_ key: Int32) {
    let line = head.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    if head.contains("\n"), line.count >= 2, line.allSatisfy({ $0 == " " }) {
      let point = cr_point()
      rl_delete_text(point - 2, point)
      cr_set_point(point - 2)
    }
    insert(key == 0x29 ? ")" : key == 0x5D ? "]" : "}")
  }

  /// Bytes before the cursor and behind it in its line.
  private var lineReach: (before: Int, behind: Int) {
    let bytes = Array(text.utf8)
    let point = min(Int(cr_point()), bytes.count)
    let start = bytes[..<point].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    let end = bytes[point...].firstIndex(of: 0x0A) ?? bytes.count
    return (point - start, end - point)
  }

  fileprivate func moveToLineStart() { cr_set_point(cr_point() - Int32(lineReach.before)) }

  fileprivate func moveToLineEnd() { cr_set_point(cr_point() + Int32(lineReach.behind)) }

  /// At the end of a line the line end goes, as Ctrl-K does in editors.
  fileprivate func cutToLineEnd() {
    let point = cr_point()
    let count = max(lineReach.behind, point < cr_end() ? 1 : 0)
    rl_kill_text(point, point + Int32(count))
  }

  fileprivate func cutToLineStart() {
    let point = cr_point()
    let start = point - Int32(lineReach.before)
    rl_kill_text(point, start)
    cr_set_point(start)
  }

  fileprivate func up() {
    let head = head
    if let line = head.lastIndex(of: "\n") {
      let column = head[line...].count - 1
      let before = head[..<line]
      let start = before.lastIndex(of: "\n").map { before.index(after: $0) } ?? before.startIndex
      let target = before[start...].prefix(column)
      cr_set_point(Int32(before[..<start].utf8.count + target.utf8.count))
    } else if let (entry, cursor) = recall.older(than: text, typed: head) {
      replace(entry, cursor: cursor)
    }
  }

  fileprivate func down() {
    let whole = text
    let head = head
    let rest = whole[whole.utf8.index(whole.startIndex, offsetBy: head.utf8.count)...]
    if let end = rest.firstIndex(of: "\n") {
      let lineStart = head.lastIndex(of: "\n").map { head.index(after: $0) } ?? head.startIndex
      let column = head[lineStart...].count
      let next = rest[rest.index(after: end)...].prefix { $0 != "\n" }.prefix(column)
      let skipped = whole[..<rest.index(after: end)].utf8.count
      cr_set_point(Int32(skipped + next.utf8.count))
    } else if let entry = recall.newer(than: whole) {
      replace(entry)
    }
  }

  fileprivate func paste() {
    let start = Int(cr_point())
    rl_bracketed_paste_begin(1, 0)
    let end = Int(cr_point())
    guard end > start else { return }
    let bytes = Array(text.utf8)
    let pasted = String(decoding: bytes[start..<min(end, bytes.count)], as: UTF8.self)
    let cleaned = Paste.cleaned(pasted)
    let isRun = cleaned.utf8.last == 0x0A && end == bytes.count
    let kept = isRun ? Paste.withoutEnd(cleaned) : cleaned
    if kept != pasted {
      let head = String(decoding: bytes[..<start], as: UTF8.self)
      let tail = String(decoding: bytes[min(end, bytes.count)...], as: UTF8.self)
      replace(head + kept + tail, cursor: start + kept.utf8.count)
    }
    guard isRun, let guide, guide.runsPasted(text) else { return }
    self.pasted = text
    screen.erase()
    rl_newline(1, 10)
  }

  /// Runs the input; the next one begins with the entry that follows it in the history.
  fileprivate func runAndNext() {
    guard guide?.continuation(of: text) == nil else { return enter() }
    followUp = recall.following(text)
    accept()
  }

  fileprivate func editElsewhere() {
    guard let guide else { return }
    leaveLine()
    cr_deprepare()
    let edited = guide.editedElsewhere(text)
    cr_prepare()
    if let edited { replace(edited) } else { ding() }
    if isPlain { rl_forced_update_display() } else { redraw() }
  }

  fileprivate func complete() {
    let head = head
    let line = head.split(separator: "\n", omittingEmptySubsequences: false).last ?? ""
    if line.allSatisfy({ $0 == " " }) { return insert("  ") }
    guard let (start, offers) = guide?.offers(in: text, at: Int(cr_point())), !offers.isEmpty
    else { return ding() }
    let typed = String(decoding: head.utf8.dropFirst(start), as: UTF8.self)
    let common = Offers.commonStart(offers.map(\.text))
    if offers.count == 1 || common.count > typed.count {
      let bytes = Array(text.utf8)
      let tail = String(decoding: bytes[Int(cr_point())...], as: UTF8.self)
      let before = String(decoding: bytes[..<start], as: UTF8.self)
      replace(before + common + tail, cursor: start + common.utf8.count)
    }
    if offers.count > 1 { list(offers, typed: common) }
  }

  private func list(_ offers: [Offer], typed: String) {
    let size = Screen.size()
    var lines = Offers.listing(offers, width: size.columns, lines: max(4, size.lines - 4))
    if screen.promptColor != nil { lines = lines.map { Offers.colored($0, typed) } }
    drawPlainly()
    screen.leave()
    screen.write("\r\n" + lines.map { $0 + "\r\n" }.joined())
    screen.forget()
    if isPlain { rl_on_new_line() }
    redraw()
  }

  private func ding() { if !isPlain { screen.write("\u{7}") } }

  // MARK: History

  package func rememberEarlier(_ entries: @escaping () -> [String]) { earlier = entries }

  /// A long history must not keep the first prompt waiting.
  private func loadEarlier() {
    guard let entries = earlier else { return }
    earlier = nil
    entries().forEach(remember)
    // Readline's own place in it, too, is its end.
    using_history()
    recall.start()
  }

  package func remember(_ entry: String) {
    loadEarlier()
    if recall.add(entry) { add_history(entry) }
  }

  package func pointNextRecall(at cursor: Int?) { recall.nextCursor = cursor }
}
