//! What each role may do.

use contracts::{permissions, rest::v1::Role};

#[test]
fn a_role_holds_what_it_may_call() {
    assert_eq!(permissions(Role::Unspecified), Vec::<String>::new());
    assert_eq!(permissions(Role::Viewer), ["auth.read"]);
    assert_eq!(permissions(Role::Editor), ["auth.read"]);
    assert_eq!(permissions(Role::Admin), ["auth.admin", "auth.read"]);
    assert_eq!(permissions(Role::Owner), permissions(Role::Admin));
    assert_eq!(permissions(Role::Developer), permissions(Role::Admin));
}
