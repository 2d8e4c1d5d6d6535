package main

import (
	"context"
	"os"

	api "tasklane"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	user := os.Getenv("TASKLANE_USER")
	configuration := api.NewConfiguration()
	configuration.Servers = api.ServerConfigurations{{URL: os.Getenv("TASKLANE_URL")}}
	client := api.NewAPIClient(configuration)
	ctx := context.WithValue(context.Background(), api.ContextAccessToken, os.Getenv("TASKLANE_TOKEN"))

	body := api.NewTaskCreate("openapi-generator-go")
	body.SetDescription("x")
	body.SetTags([]string{"a"})
	created, _, err := client.TasksAPI.CreateTask(ctx, user).TaskCreate(*body).Execute()
	check(err)
	status := []api.TaskStatus{api.TASKSTATUS_PENDING, api.TASKSTATUS_IN_PROGRESS}
	page, _, err := client.TasksAPI.ListTasks(ctx, user).Status(status).TagsAny([]string{"a"}).Execute()
	check(err)
	if len(page.Items) == 0 {
		panic("list")
	}
	patch := api.NewTaskPatch()
	patch.SetDescriptionNil()
	updated, _, err := client.TasksAPI.UpdateTask(ctx, user, created.Id).TaskPatch(*patch).Execute()
	check(err)
	if updated.Description.Get() != nil || len(updated.Tags) != 1 {
		panic("update")
	}
	completed, _, err := client.TasksAPI.CompleteTask(ctx, user, created.Id).TaskCompletion(*api.NewTaskCompletion(true)).Execute()
	check(err)
	if completed.Status != api.TASKSTATUS_COMPLETED {
		panic("complete")
	}
	_, missing, err := client.TasksAPI.GetTask(ctx, user, "00000000-0000-4000-8000-000000000000").Execute()
	if err == nil || missing.StatusCode != 404 {
		panic("404")
	}
	sync, _, err := client.SyncAPI.SyncLane(ctx, user).Execute()
	check(err)
	for _, change := range sync.Changes {
		if change.SyncedTask != nil && change.SyncedTask.Id == created.Id {
			return
		}
	}
	panic("sync")
}
