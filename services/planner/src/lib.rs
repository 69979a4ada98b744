//! Keywords, clusters and content ideas.
