package main

import (
	"context"
	"net/http"
	"os"

	"github.com/oapi-codegen/nullable"
	api "tasklane"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	user := os.Getenv("TASKLANE_USER")
	ctx := context.Background()
	client, err := api.NewClientWithResponses(os.Getenv("TASKLANE_URL"), api.WithRequestEditorFn(
		func(_ context.Context, request *http.Request) error {
			request.Header.Set("Authorization", "Bearer "+os.Getenv("TASKLANE_TOKEN"))
			return nil
		}))
	check(err)

	tags := []api.TagName{"a"}
	body := api.TaskCreate{Title: "oapi-codegen", Description: nullable.NewNullableWithValue("x"), Tags: &tags}
	created, err := client.CreateTaskWithResponse(ctx, user, &api.CreateTaskParams{}, body)
	check(err)
	id := created.JSON201.Id
	status := []api.TaskStatus{"pending", "in_progress"}
	page, err := client.ListTasksWithResponse(ctx, user, &api.ListTasksParams{Status: &status, TagsAny: &tags})
	check(err)
	if len(page.JSON200.Items) == 0 {
		panic("list")
	}
	patch := api.TaskPatch{Description: nullable.NewNullNullable[string]()}
	updated, err := client.UpdateTaskWithResponse(ctx, user, id, &api.UpdateTaskParams{}, patch)
	check(err)
	if !updated.JSON200.Description.IsNull() || len(updated.JSON200.Tags) != 1 {
		panic("update")
	}
	completed, err := client.CompleteTaskWithResponse(ctx, user, id, &api.CompleteTaskParams{}, api.TaskCompletion{Completed: true})
	check(err)
	if completed.JSON200.Status != "completed" {
		panic("complete")
	}
	missing, err := client.GetTaskWithResponse(ctx, user, "00000000-0000-4000-8000-000000000000", &api.GetTaskParams{})
	check(err)
	if missing.StatusCode() != 404 || missing.ApplicationproblemJSON404.Code != "task-not-found" {
		panic("404")
	}
	sync, err := client.SyncLaneWithResponse(ctx, user, &api.SyncLaneParams{})
	check(err)
	for _, change := range sync.JSON200.Changes {
		if task, err := change.AsSyncedTask(); err == nil && task.Type == "task" && task.Id == id {
			return
		}
	}
	panic("sync")
}
