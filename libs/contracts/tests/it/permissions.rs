//! What each role may do.

use contracts::{permissions, rest::v1::Role};

#[test]
fn a_role_holds_what_it_may_call() {
    assert_eq!(permissions(Role::Unspecified), Vec::<String>::new());
    let read = ["ai-processor.read", "auth.read", "billing.read", "planner.read", "publisher.read", "writer.read"];
    assert_eq!(permissions(Role::Viewer), read);
    let editor = permissions(Role::Editor);
    for held in ["auth.read", "planner.read", "planner.write", "planner.run"] {
        assert!(editor.contains(&held.to_owned()), "{held}: {editor:?}");
    }
    assert!(editor.iter().all(|name| name.split('.').next_back() != Some("admin")), "{editor:?}");
    assert!(permissions(Role::Admin).contains(&"auth.admin".to_owned()));
    assert!(permissions(Role::Owner).contains(&"billing.admin".to_owned()));
}

#[test]
fn a_role_holds_all_that_the_ones_before_it_hold() {
    let roles = [Role::Viewer, Role::Editor, Role::Admin, Role::Owner, Role::Developer];
    for pair in roles.windows(2) {
        let more = permissions(pair[1]);
        assert!(permissions(pair[0]).iter().all(|name| more.contains(name)), "{pair:?}");
    }
}
