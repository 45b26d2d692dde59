// Which Quire this is: said by the program, and left in files it writes.

/// The version of the program.
package let quireVersion = "0.1.0"
