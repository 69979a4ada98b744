//! Comments of a file by what they stand before.

use std::collections::HashMap;

use prost_reflect::FileDescriptor;

/// The leading comments of one file, by descriptor path.
pub(crate) struct Comments(HashMap<Vec<i32>, String>);

impl Comments {
    pub(crate) fn of(file: &FileDescriptor) -> Self {
        let info = file.file_descriptor_proto().source_code_info.as_ref();
        let locations = info.into_iter().flat_map(|info| &info.location);
        Self(locations.filter_map(|at| Some((at.path.clone(), text(at.leading_comments.as_deref()?)))).collect())
    }

    /// The comment before something; empty when there is none.
    pub(crate) fn at(&self, path: &[i32]) -> String {
        self.0.get(path).cloned().unwrap_or_default()
    }
}

/// Lines of a paragraph are joined: where they were broken is an accident of the file.
fn text(comment: &str) -> String {
    let paragraphs = comment.split("\n\n").map(|paragraph| {
        let lines: Vec<&str> = paragraph.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    });
    paragraphs.filter(|paragraph| !paragraph.is_empty()).collect::<Vec<_>>().join("\n\n")
}
