use prost_types::FieldMask;

/// Which fields a change names. Without a mask it names none, as in validation: nobody clears a field by leaving the mask out.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'m>(Option<&'m FieldMask>);

impl<'m> Mask<'m> {
    /// The mask of a request.
    pub fn of(mask: &'m Option<FieldMask>) -> Self {
        Self(mask.as_ref())
    }

    /// Whether the change names the field.
    pub fn has(&self, field: &str) -> bool {
        self.0.is_some_and(|mask| mask.paths.iter().any(|path| path == field))
    }

    /// The value when the change names the field, so that diesel's `AsChangeset` leaves the others alone.
    pub fn when<V>(&self, field: &str, value: V) -> Option<V> {
        self.has(field).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_names_its_fields_only() {
        let mask = Some(FieldMask { paths: vec!["name".into()] });
        assert_eq!(Mask::of(&mask).when("name", 1), Some(1));
        assert_eq!(Mask::of(&mask).when("domain", 1), None);
    }

    #[test]
    fn without_a_mask_or_with_an_empty_one_no_field_is_named() {
        assert!(!Mask::of(&None).has("name"));
        assert!(!Mask::of(&Some(FieldMask::default())).has("name"));
    }
}
