//! Templates: text with variables as `{{keywords}}`.

use super::catalogue::Variable;

/// Refuses a template whose variables are not those that the prompt knows and needs, with a sentence for people.
pub(super) fn check(template: &str, variables: &[Variable]) -> Result<(), String> {
    let mut used = Vec::new();
    for (number, line) in (1..).zip(template.lines()) {
        for name in names(line).map_err(|problem| format!("Line {number}: {problem}"))? {
            if !variables.iter().any(|variable| variable.name == name) {
                return Err(format!(
                    "Line {number}: {{{{{name}}}}} is not a variable of this prompt. {}",
                    known(variables)
                ));
            }
            used.push(name);
        }
    }
    let missing = variables.iter().find(|variable| variable.required && !used.contains(&variable.name));
    missing.map_or(Ok(()), |missing| {
        Err(format!(
            "{{{{{}}}}} is missing: {}. Without it the AI does not know what to work on.",
            missing.name, missing.description
        ))
    })
}

/// The names of the variables in a line.
fn names(line: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut rest = line;
    while let Some((_, opened)) = rest.split_once("{{") {
        let Some((name, behind)) = opened.split_once("}}") else {
            return Err("a variable begins with {{ and is not closed with }}.".to_owned());
        };
        names.push(name.trim());
        rest = behind;
    }
    Ok(names)
}

fn known(variables: &[Variable]) -> String {
    let names: Vec<String> = variables.iter().map(|variable| format!("{{{{{}}}}}", variable.name)).collect();
    format!("It knows {}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::CATALOGUE;
    use super::*;

    const VARIABLES: &[Variable] = &[
        Variable { name: "keywords", description: "the keywords", required: true },
        Variable { name: "tone", description: "the tone", required: false },
    ];

    #[test]
    fn known_variables_pass() {
        assert_eq!(check("Write of {{keywords}}\nin a {{ tone }} tone {x}", VARIABLES), Ok(()));
    }

    #[test]
    fn an_unknown_variable_is_named_with_its_line_and_those_there_are() {
        let refused = check("Of {{keywords}}\nfor {{reader}}", VARIABLES).unwrap_err();
        assert_eq!(refused, "Line 2: {{reader}} is not a variable of this prompt. It knows {{keywords}}, {{tone}}.");
    }

    #[test]
    fn a_missing_variable_is_named_with_what_it_is() {
        assert!(
            check("In a {{tone}} tone", VARIABLES).unwrap_err().starts_with("{{keywords}} is missing: the keywords.")
        );
    }

    #[test]
    fn an_open_variable_is_refused() {
        assert!(check("Of {{keywords", VARIABLES).unwrap_err().starts_with("Line 1: a variable begins"));
    }

    #[test]
    fn every_default_passes_its_own_check_and_uses_all_its_variables() {
        for default in CATALOGUE {
            let all: Vec<Variable> = default.variables.iter().map(|v| Variable { required: true, ..*v }).collect();
            assert_eq!(check(default.template, &all), Ok(()), "{}", default.key);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_checked_without_a_panic(text in ".*") {
            let _ = check(&text, VARIABLES);
        }
    }
}
