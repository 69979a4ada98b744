//! A table by dense ids: what a vector is, without a panic for an id beyond its end.

use crate::number::place;

/// Values by id. An id beyond the end reads as the default and writes nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table<T>(Vec<T>);

impl<T: Copy + Default> Table<T> {
    pub(crate) fn new(len: usize) -> Self {
        Self(vec![T::default(); len])
    }

    #[inline]
    pub(crate) fn get(&self, id: u32) -> T {
        self.0.get(place(id)).copied().unwrap_or_default()
    }

    #[inline]
    pub(crate) fn set(&mut self, id: u32, value: T) {
        if let Some(slot) = self.0.get_mut(place(id)) {
            *slot = value;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = T> + '_ {
        self.0.iter().copied()
    }

    /// A value, which becomes the default.
    #[inline]
    pub(crate) fn take(&mut self, id: u32) -> T {
        self.0.get_mut(place(id)).map(std::mem::take).unwrap_or_default()
    }
}

impl<T: Copy + Default + std::ops::AddAssign> Table<T> {
    /// Adds to a value and returns what it was.
    #[inline]
    pub(crate) fn add(&mut self, id: u32, value: T) -> T {
        let Some(slot) = self.0.get_mut(place(id)) else { return T::default() };
        let before = *slot;
        *slot += value;
        before
    }
}

impl<T> From<Vec<T>> for Table<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

/// Lists by dense id, one after the other in one allocation.
#[derive(Debug, Clone)]
pub(crate) struct Lists<T> {
    ends: Vec<usize>,
    items: Vec<T>,
}

impl<T> Lists<T> {
    pub(crate) fn new() -> Self {
        Self { ends: Vec::new(), items: Vec::new() }
    }

    /// Appends the list of the next id.
    pub(crate) fn push(&mut self, list: impl IntoIterator<Item = T>) {
        self.items.extend(list);
        self.ends.push(self.items.len());
    }

    /// The list of an id; an unknown id has none.
    #[inline]
    pub(crate) fn get(&self, id: u32) -> &[T] {
        let at = place(id);
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(at).and_then(|end| self.items.get(start..*end)).unwrap_or(&[])
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[T]> {
        (0..self.len()).map(|at| self.get(crate::number::id(at)))
    }
}

/// Which ids belong together (union-find with path halving; Tarjan 1975). The smallest id of a set stands for it.
#[derive(Debug, Clone)]
pub(crate) struct Sets(Table<u32>);

impl Sets {
    pub(crate) fn new(len: usize) -> Self {
        Self(Table((0..crate::number::id(len)).collect()))
    }

    #[inline]
    pub(crate) fn find(&mut self, mut id: u32) -> u32 {
        loop {
            let parent = self.0.get(id);
            if parent == id {
                return id;
            }
            let above = self.0.get(parent);
            self.0.set(id, above);
            id = above;
        }
    }

    /// Joins two sets; false when they were one.
    pub(crate) fn join(&mut self, left: u32, right: u32) -> bool {
        let (left, right) = (self.find(left), self.find(right));
        self.0.set(left.max(right), left.min(right));
        left != right
    }

    /// The sets, each with its members in order, by their smallest member.
    pub(crate) fn groups(&mut self) -> Vec<Vec<u32>> {
        let len = self.0.0.len();
        let mut slots = Table::<u32>::new(len);
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for member in 0..crate::number::id(len) {
            let root = self.find(member);
            if root == member {
                slots.set(root, crate::number::id(groups.len()));
                groups.push(Vec::new());
            }
            if let Some(group) = groups.get_mut(place(slots.get(root))) {
                group.push(member);
            }
        }
        groups
    }
}
