// Drawing millions of values ends soon after a stop was asked for. What was drawn by then is of no use:
// whoever lent the interrupt looks at it afterwards and drops the picture.

package import Diagnostics

/// The interrupt that the drawing of this task looks at.
package enum Drawing {
  @TaskLocal package static var interrupt: Interrupt?

  static var isStopped: Bool { interrupt?.isRequested == true }
}

/// Counts the turns of a loop over values of a figure.
struct DrawingStop {
  private let interrupt = Drawing.interrupt
  private var turns = 0

  /// One turn: true when the loop is to be left.
  mutating func turn() -> Bool {
    defer { turns &+= 1 }
    return turns & 0xFFF == 0 && interrupt?.isRequested == true
  }
}

/// A sequence that ends early when a stop was asked for.
struct StoppableSequence<Base: Sequence>: Sequence, IteratorProtocol {
  private var base: Base.Iterator
  private var stop = DrawingStop()

  init(_ base: Base) { self.base = base.makeIterator() }

  mutating func next() -> Base.Element? { stop.turn() ? nil : base.next() }
}

extension Sequence {
  /// The elements up to a stop.
  var stoppable: StoppableSequence<Self> { StoppableSequence(self) }
}
