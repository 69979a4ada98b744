//! The one policy for HTML that did not come from our own code: articles written by models, pasted by people, or read back from a site.
//!
//! [`clean`] makes safe markup of anything. The other functions read what it made, and only that.
//!
//! ```
//! let article = html::clean(r#"<h1>Shoes</h1><p onclick="steal()">Run <b>fast</b>.</p><script>steal()</script>"#);
//! assert_eq!(article, "<h2>Shoes</h2><p>Run <b>fast</b>.</p>");
//! assert_eq!(html::words(&article), 3);
//! ```

#![warn(missing_docs)]

mod clean;
mod images;
mod scan;
mod text;

pub use clean::clean;
pub use images::{IMAGE_SCHEME, images, rewrite_images};
pub use text::{escape, text, words};
