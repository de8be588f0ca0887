/// The release of all three programs; CHANGELOG.md says what is in it.
package let gatehouseVersion = "0.1.0"
