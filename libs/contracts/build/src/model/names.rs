//! Names, from one spelling to another.

/// `ListSites` → `list_sites`.
pub(crate) fn snake(camel: &str) -> String {
    let mut snake = String::new();
    for character in camel.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// `site_access` → `SiteAccess`.
pub(crate) fn camel(snake: &str) -> String {
    let words = snake.split('_').map(|word| {
        let mut characters = word.chars();
        characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect::<String>()
    });
    words.collect()
}

/// `created_at` → `createdAt`.
pub(crate) fn lower_camel(snake: &str) -> String {
    let mut words = snake.splitn(2, '_');
    let first = words.next().unwrap_or_default();
    format!("{first}{}", camel(words.next().unwrap_or_default()))
}

/// The `operationId`: the aggregate, which is the name of the file, and the verb. The noun is left out of `ListSites`, where it only
/// repeats the aggregate, but not of `GetMe` in `sessions.proto`.
pub(crate) fn operation(aggregate: &str, method: &str) -> String {
    let action = snake(method);
    let verb = ["list", "get", "create", "update", "delete"].into_iter().find(|verb| {
        action.strip_prefix(verb).and_then(|rest| rest.strip_prefix('_')).is_some_and(|noun| repeats(aggregate, noun))
    });
    format!("{aggregate}_{}", verb.unwrap_or(&action))
}

fn repeats(aggregate: &str, noun: &str) -> bool {
    noun == aggregate
        || plural(noun) == aggregate
        || noun.strip_prefix(aggregate).is_some_and(|rest| rest.starts_with('_'))
}

fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x']) => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::operation;

    #[test]
    fn an_operation_is_the_aggregate_and_the_verb() {
        for (aggregate, method, name) in [
            ("sites", "ListSites", "sites_list"),
            ("sites", "GetSite", "sites_get"),
            ("industries", "GetIndustry", "industries_get"),
            ("api_keys", "CreateApiKey", "api_keys_create"),
            ("site_access", "ListSiteAccess", "site_access_list"),
            ("audit", "ListAuditEntries", "audit_list"),
            ("sessions", "SignIn", "sessions_sign_in"),
            ("sessions", "GetMe", "sessions_get_me"),
            ("keys", "ListPublicKeys", "keys_list_public_keys"),
            ("passwords", "ResetPassword", "passwords_reset_password"),
        ] {
            assert_eq!(operation(aggregate, method), name);
        }
    }
}
