//! Skeleton; filled in the next commit.
