//! Other people's policies: those that AWS itself wrote have no errors, but for what is listed here with its reason.

