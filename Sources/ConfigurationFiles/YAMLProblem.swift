import GateConfiguration
import Yams

/// Words for what LibYAML finds wrong with a text.
enum YAMLProblem {
    /// What LibYAML says, and what most often helps.
    private static let hints = [
        (
            "cannot start any token",
            "indent with spaces, not tabs, and put quotes around a text that begins with @ ` or %"
        ),
        (
            "mapping values are not allowed",
            "put quotes around a text with ': ' in it, or check the indentation"
        ),
        ("did not find expected key", "indent this line like its neighbours, or close a bracket"),
        ("did not find expected '-'", "indent this line like its neighbours"),
        ("did not find expected ','", "close the bracket, or write a comma between the values"),
        ("unexpected end of stream", "close the quotes"),
        ("could not find expected ':'", "write 'key: value' with a space after the colon"),
        ("undefined alias", "put quotes around a text that begins with *"),
        ("another document", "remove the line ---; a file holds one document"),
        ("nesting level", "check the brackets"),
    ]
    private static let otherHint = "check indentation, brackets and quotes here and just above"

    static func describe(_ error: any Error, file: String, _ marked: MarkedText) -> ConfigError {
        let problem: String
        let mark: Mark?
        let context: YamlError.Context?
        switch error as? YamlError {
        case .scanner(let some, let text, let place, _), .parser(let some, let text, let place, _),
            .composer(let some, let text, let place, _):
            (problem, mark, context) = (text, place, some)
        case .reader(let text, _, _, _):
            (problem, mark, context) = (text, nil, nil)
        default:
            (problem, mark, context) = ("\(error)", nil, nil)
        }
        let place = marked.place(line: mark?.line ?? 1, column: mark?.column ?? 1, file: file)
        let began = context.map { context in
            let start = marked.place(line: context.mark.line, column: context.mark.column, file: "")
            return " \(context.text), begun at line \(start.line) column \(start.column)"
        }
        let hint = hints.first { problem.contains($0.0) }?.1 ?? otherHint
        return ConfigError(place, "not YAML: \(problem)\(began ?? "")", hint: hint)
    }
}
