# Prints a line for each container of project $project.
#include docker-inspect
look() {
  # shellcheck disable=SC2046 # one word a container
  set -- $(docker ps -aq --no-trunc --filter "label=com.docker.compose.project=$project" \
    --filter label=com.docker.compose.oneoff=False)
  inspect 'have
{{- " "}}{{index .Config.Labels "com.docker.compose.service"}} {{index .Config.Labels "com.docker.compose.config-hash"}}
{{- " "}}{{.State.Status}} {{.State.ExitCode}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}
{{- " "}}{{.RestartCount}} {{.Image}} {{.ID}} {{.State.StartedAt}} {{.Name}}' "$@"
}
