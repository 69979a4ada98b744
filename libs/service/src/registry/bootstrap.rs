//! The SQL that makes a service's database and roles: [`Database::role_statements`], [`Database::create_statement`],
//! [`Database::right_statements`], in this order. It only writes statements; the launcher and the tests run them.

/// A service's database and its three roles.
///
/// The owner holds database and schema and cannot log in: migrations act as it. The two login roles own nothing, inherit
/// nothing and cannot bypass row-level security; `system` is the one that sees named columns across accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// `igny8_auth`.
    pub name: String,
    /// `igny8_auth_owner`.
    pub owner: String,
    /// `igny8_auth`.
    pub app: String,
    /// `igny8_auth_system`.
    pub system: String,
}

/// Passwords of the two login roles.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "they must not be printed")]
pub struct Passwords<'a> {
    /// Of [`Database::app`].
    pub app: &'a str,
    /// Of [`Database::system`].
    pub system: &'a str,
}

impl Database {
    /// The names for a service: `ai-processor` becomes `igny8_ai_processor`.
    pub fn of(service: &str) -> Self {
        let name = format!("igny8_{}", service.replace('-', "_"));
        Self { owner: format!("{name}_owner"), app: name.clone(), system: format!("{name}_system"), name }
    }

    /// The same roles with a database of another name, as tests have one each.
    pub fn named(&self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self.clone() }
    }

    /// Makes the roles, or brings existing ones to this form and these passwords. Run as a superuser, connected to any
    /// database; may be repeated, but not from two connections at once.
    pub fn role_statements(&self, passwords: Passwords<'_>) -> Vec<String> {
        let login = |role: &str, password: &str| {
            let role = quote_identifier(role);
            let password = quote_literal(password);
            format!("ALTER ROLE {role} LOGIN NOINHERIT {PLAIN} PASSWORD {password}")
        };
        vec![
            create_role(&self.owner),
            create_role(&self.app),
            create_role(&self.system),
            format!("ALTER ROLE {} NOLOGIN {PLAIN}", quote_identifier(&self.owner)),
            login(&self.app, passwords.app),
            login(&self.system, passwords.system),
        ]
    }

    /// Makes the database. PostgreSQL has no `IF NOT EXISTS` here and wants the statement alone, outside of a
    /// transaction: SQLSTATE `42P04` means that it exists and is success.
    pub fn create_statement(&self) -> String {
        format!("CREATE DATABASE {} OWNER {}", quote_identifier(&self.name), quote_identifier(&self.owner))
    }

    /// Makes the database as a copy of `template`, with the same caveat. What is inside comes along, the rights on the
    /// database itself do not:
    /// run [`Self::connect_statements`] too.
    pub fn copy_statement(&self, template: &str) -> String {
        format!("{} TEMPLATE {}", self.create_statement(), quote_identifier(template))
    }

    /// Who may connect. Run as a superuser, connected to any database; may be repeated.
    pub fn connect_statements(&self) -> Vec<String> {
        let [name, owner, app, system] =
            [&self.name, &self.owner, &self.app, &self.system].map(|name| quote_identifier(name));
        vec![
            format!("ALTER DATABASE {name} OWNER TO {owner}"),
            format!("REVOKE ALL ON DATABASE {name} FROM PUBLIC"),
            format!("GRANT CONNECT ON DATABASE {name} TO {app}, {system}"),
        ]
    }

    /// [`Self::connect_statements`], and that only the owner creates in schema `public`. Run as a superuser, connected to
    /// [`Database::name`]; may be repeated.
    pub fn right_statements(&self) -> Vec<String> {
        let [owner, app, system] = [&self.owner, &self.app, &self.system].map(|name| quote_identifier(name));
        let mut statements = self.connect_statements();
        statements.extend([
            format!("ALTER SCHEMA public OWNER TO {owner}"),
            "REVOKE ALL ON SCHEMA public FROM PUBLIC".to_owned(),
            format!("GRANT USAGE ON SCHEMA public TO {app}, {system}"),
        ]);
        statements
    }
}

const PLAIN: &str = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";

fn create_role(role: &str) -> String {
    let role = quote_identifier(role);
    // Roles belong to the whole server: another process may make the same one in between.
    format!("DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$")
}

/// A name as a quoted SQL identifier.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as a quoted SQL literal, whatever `standard_conforming_strings` says.
pub fn quote_literal(text: &str) -> String {
    let text = text.replace('\'', "''");
    if text.contains('\\') { format!(" E'{}'", text.replace('\\', "\\\\")) } else { format!("'{text}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_become_underscores() {
        let database = Database::of("ai-processor");
        assert_eq!(database.name, "igny8_ai_processor");
        assert_eq!(database.owner, "igny8_ai_processor_owner");
        assert_eq!(database.system, "igny8_ai_processor_system");
    }

    #[test]
    fn a_copy_keeps_the_roles() {
        let copy = Database::of("auth").named("test_1");
        assert_eq!(copy.copy_statement("t"), r#"CREATE DATABASE "test_1" OWNER "igny8_auth_owner" TEMPLATE "t""#);
        assert_eq!(copy.app, "igny8_auth");
    }

    #[test]
    fn a_password_cannot_leave_its_literal() {
        assert_eq!(quote_literal("plain"), "'plain'");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"\'; DROP ROLE x"), r" E'\\''; DROP ROLE x'");
        assert_eq!(quote_identifier("a\"b"), "\"a\"\"b\"");
    }

    #[test]
    fn login_roles_cannot_bypass_row_level_security() {
        let statements = Database::of("auth").role_statements(Passwords { app: "one", system: "two" });
        let altered =
            |role: &str| statements.iter().find(|s| s.starts_with(&format!("ALTER ROLE \"{role}\" "))).unwrap();
        assert!(altered("igny8_auth_owner").contains(" NOLOGIN "));
        for role in ["igny8_auth", "igny8_auth_system"] {
            assert!(altered(role).contains(" LOGIN NOINHERIT ") && altered(role).contains(" NOBYPASSRLS "));
        }
    }
}
