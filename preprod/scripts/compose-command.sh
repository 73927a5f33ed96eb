# Compose for project $project, with the files that the host has: .env names the overlay if there is one.
compose() {
  (cd "$BASE" && docker compose --progress quiet --project-directory "$BASE" -p "$project" "$@")
}
