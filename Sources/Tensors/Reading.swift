// Reading memory as fast as it goes: the limit that decoding is measured against.

import CKernels

extension Tensor {
  /// Reads every byte once, by all threads of the pool. Throws `interrupted`.
  package func readThrough() throws(TensorError) {
    let piece = 1 << 20
    let pieces = (byteCount + piece - 1) / piece
    var failure: TensorError?
    withBytes { bytes in
      do throws(TensorError) {
        try WorkerPool.shared.forEach(pieces) { index in
          guard let base = bytes.baseAddress else { return }
          let start = index * piece
          // The kernel's result depends on every byte, so nothing is left out.
          _ = ck_read(base + start, min(piece, bytes.count - start))
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }
}
