// Which parameter each argument goes to, for builtins and for functions of the language.

import Diagnostics

/// The parameter of each argument of a builtin; labels may be fewer than `count` (then none).
/// A `rest` parameter takes all remaining arguments without a label.
func matched(_ builtin: Builtin, labels: [String?], count: Int) throws(Diagnostic) -> [Int] {
  let parameters = builtin.parameters
  var given = [Bool](repeating: false, count: parameters.count)
  var places: [Int] = []
  places.reserveCapacity(count)
  var next = 0
  for index in 0..<count {
    if index < labels.count, let label = labels[index] {
      guard let place = parameters.firstIndex(where: { $0.name == label }) else {
        throw RuntimeMessage.unknownLabel(
          builtin.name, label, parameters.map(\.name), builtin.signature
        ).diagnostic()
      }
      if given[place] {
        throw RuntimeMessage.repeatedArgument(builtin.name, label, builtin.signature).diagnostic()
      }
      given[place] = true
      places.append(place)
      continue
    }
    while next < parameters.count,
      !parameters[next].takesPosition || (given[next] && !parameters[next].isRest)
    {
      next += 1
    }
    guard next < parameters.count else {
      throw RuntimeMessage.tooMany(
        builtin.name, count, parameters.filter(\.takesPosition).count, builtin.signature
      ).diagnostic()
    }
    given[next] = true
    places.append(next)
    if !parameters[next].isRest { next += 1 }
  }
  for (place, parameter) in parameters.enumerated() where !given[place] {
    if case .required = parameter.fallback {
      throw RuntimeMessage.missing(builtin.name, parameter.name, builtin.signature).diagnostic()
    }
  }
  return places
}

/// The same for a function of the language: `required` parameters come first and are given by
/// position or label, the others by label.
func matchedPlaces(
  _ parameters: [String], required: Int, labels: [String?], name: String, defaults: [String]
) throws(Diagnostic) -> [Int] {
  var given = [Bool](repeating: false, count: parameters.count)
  var places: [Int] = []
  let title = name.isEmpty ? "the function" : name
  var signature: String {
    signatureText(name, parameters, required: required, defaults: defaults)
  }
  var next = 0
  for label in labels {
    if let label {
      guard let place = parameters.firstIndex(of: label) else {
        throw RuntimeMessage.unknownLabel(title, label, parameters, signature).diagnostic()
      }
      if given[place] {
        throw RuntimeMessage.repeatedArgument(title, label, signature).diagnostic()
      }
      given[place] = true
      places.append(place)
      continue
    }
    guard next < required else {
      if required < parameters.count {
        throw RuntimeMessage.needsLabel(title, parameters[required], signature).diagnostic()
      }
      throw RuntimeMessage.tooMany(title, labels.count, required, signature).diagnostic()
    }
    given[next] = true
    places.append(next)
    next += 1
  }
  for place in 0..<required where !given[place] {
    throw RuntimeMessage.missing(title, parameters[place], signature).diagnostic()
  }
  return places
}

/// `f(x, k: 1)`: the head of a function of the language, as errors and help show it.
func signatureText(
  _ name: String, _ parameters: [String], required: Int, defaults: [String]
) -> String {
  let parts = parameters.enumerated().map { place, name in
    guard place >= required else { return name }
    return "\(name): " + (place - required < defaults.count ? defaults[place - required] : "…")
  }
  return "\(name.isEmpty ? "the function" : name)(\(parts.joined(separator: ", ")))"
}

extension Parameter {
  var takesPosition: Bool {
    switch fallback {
    case .required, .optional, .rest: true
    case .label: false
    }
  }
  var isRequired: Bool { if case .required = fallback { true } else { false } }
  var isRest: Bool { if case .rest = fallback { true } else { false } }
}
