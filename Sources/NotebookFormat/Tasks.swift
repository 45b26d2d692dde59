// Workshop notebooks: cells that belong to a task, marked by a class and joined by `task=<name>`.
// One source holds tasks and solutions; exports make the editions.

/// What a cell is to its task.
package enum TaskRole: String, Sendable, CaseIterable {
  case task, solution, hint, test
}

extension Cell {
  /// The classes of the cell that are roles.
  package var taskRoles: [TaskRole] {
    TaskRole.allCases.filter { attributes.classes.contains($0.rawValue) }
  }

  /// The role, when there is one.
  package var taskRole: TaskRole? { taskRoles.count == 1 ? taskRoles.first : nil }

  /// The name of the task.
  package var task: String? { attributes["task"] }
}

package enum Tasks {
  /// What is wrong with the roles of cells, by index: two roles, no name, no `.task` of that name.
  package static func defects(_ cells: [Cell]) -> [(index: Int, reason: String)] {
    let known = Set(cells.filter { $0.taskRoles.contains(.task) }.compactMap(\.task))
    return cells.enumerated().compactMap { index, cell in
      let roles = cell.taskRoles
      guard let role = roles.first else { return nil }
      if roles.count > 1 {
        return (index, "is both .\(role.rawValue) and .\(roles[1].rawValue)")
      }
      if role == .task { return nil }
      guard let task = cell.task else { return (index, "is .\(role.rawValue) without task=") }
      return known.contains(task)
        ? nil : (index, "is .\(role.rawValue) of the task \(task), which has no .task cell")
    }
  }

  /// Indices of the `.task` cells whose task has a solution here: it runs in their place.
  static func replaced(_ cells: [Cell]) -> Set<Int> {
    let solved = Set(cells.filter { $0.taskRoles.contains(.solution) }.compactMap(\.task))
    return Set(
      cells.indices.filter { index in
        cells[index].taskRole == .task && cells[index].task.map(solved.contains) ?? false
      })
  }
}
