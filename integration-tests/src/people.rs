//! People of every role, made as users make them.

use serde_json::{Value, json};

use crate::fleet::Fleet;

pub const PASSWORD: &str = "correct horse battery";

/// Someone signed in.
#[derive(Debug, Clone)]
pub struct Person {
    pub email: String,
    pub account: String,
    pub token: String,
}

impl Fleet {
    /// Signs up an account; its owner has proved their address.
    pub async fn owner(&self, name: &str) -> Person {
        let email = format!("{name}@example.com");
        let body = json!({ "account_name": name, "name": name, "email": email, "password": PASSWORD });
        let answer = self.call("POST", "/api/v1/auth/sign_up/", None, Some(&body)).await;
        assert_eq!(answer.status, 201, "sign-up of {name}: {}", answer.text);
        let account = text(&answer.json["data"]["account_id"]);
        self.change("UPDATE igny8_users SET email_verified_at = now() WHERE email = $1", &email).await;
        Person { token: self.sign_in(&email).await, email, account }
    }

    /// The owner of an account of their own, who then is given another role.
    pub async fn person(&self, role: &str) -> Person {
        let mut person = self.owner(&format!("a-{role}")).await;
        let change = format!("UPDATE igny8_users SET role = '{role}' WHERE email = $1");
        self.change(&change, &person.email).await;
        person.token = self.sign_in(&person.email).await;
        person
    }

    /// A fresh access token.
    pub async fn sign_in(&self, email: &str) -> String {
        let body = json!({ "email": email, "password": PASSWORD });
        let answer = self.call("POST", "/api/v1/auth/sign_in/", None, Some(&body)).await;
        assert_eq!(answer.status, 200, "sign-in of {email}: {}", answer.text);
        text(&answer.json["data"]["access_token"])
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("a text, not {value}")).to_owned()
}
