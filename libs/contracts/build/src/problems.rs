//! Everything that is wrong with the protos, told at once.

/// Collects problems; a build with any of them fails.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// `place` is the file and the name inside it; `advice` says what is wrong and what to do.
    pub(crate) fn add(&mut self, place: &str, advice: impl AsRef<str>) {
        self.0.push(format!("{place}: {}", advice.as_ref()));
    }

    pub(crate) fn into_result(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.0.is_empty(), "the protos break the rules of proto/README.md:\n  {}", self.0.join("\n  "));
        Ok(())
    }
}
