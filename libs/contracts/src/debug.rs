//! Debug output of messages that carry secrets.

use std::fmt;

/// Stands in the place of a secret. It tells an empty one from one that is there: that much is needed to find a fault.
pub(crate) struct Hidden(pub(crate) bool);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "(empty)" } else { "(hidden)" })
    }
}
