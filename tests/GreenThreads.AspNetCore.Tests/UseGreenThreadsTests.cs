using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using GreenThreads.Tests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace GreenThreads.AspNetCore.Tests;

public sealed class UseGreenThreadsTests
{
    private static readonly AsyncLocal<string?> s_local = new();

    [Fact]
    public async Task Handlers_run_on_green_threads_of_the_group_also_after_an_await()
    {
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 2, Name = "requests" });
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseGreenThreads(new GreenThreadsOptions { Group = group });
            app.MapGet("/blocking", () => GreenThread.Current?.Group.Name);
            app.MapGet("/async", async () =>
            {
                await Task.Delay(1);
                return GreenThread.Current?.Group.Name;
            });
        });
        Assert.Equal("requests", await app.Client.GetStringAsync("/blocking"));
        Assert.Equal("requests", await app.Client.GetStringAsync("/async"));
        Assert.Equal(HttpStatusCode.NotFound, (await app.Client.GetAsync("/nowhere")).StatusCode);
    }

    [Fact]
    public async Task Without_options_they_run_in_the_default_group_and_what_comes_before_does_not()
    {
        var before = new TaskCompletionSource<GreenThread?>();
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.Use(async (context, next) =>
            {
                await next(context);
                before.TrySetResult(GreenThread.Current);
            });
            app.UseGreenThreads();
            app.MapGet("/", () => $"{GreenThread.Current?.Group == SchedulerGroup.Default}");
        });
        Assert.Equal("True", await app.Client.GetStringAsync("/"));
        Assert.Null(await before.Task);
        Assert.Throws<ArgumentNullException>(() => GreenThreadsApplicationBuilderExtensions.UseGreenThreads(null!));
    }

    // Each of them waits for all the others: as many threads of the pool would be needed.
    [Fact]
    public async Task A_hundred_handlers_block_at_once()
    {
        const int count = 100;
        using var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "blocked" });
        var all = new TaskCompletionSource();
        int here = 0;
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseGreenThreads(new GreenThreadsOptions { Group = group });
            app.MapGet("/", () =>
            {
                if (Interlocked.Increment(ref here) == count)
                    all.SetResult();
                all.Task.Wait();
                return "together";
            });
        });
        string[] answers = await Task.WhenAll(Enumerable.Range(0, count).Select(_ => app.Client.GetStringAsync("/")));
        Assert.All(answers, answer => Assert.Equal("together", answer));
    }

    [Fact]
    public async Task Blocked_handlers_of_one_http2_connection_do_not_hold_each_other_up()
    {
        var second = new TaskCompletionSource();
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseGreenThreads();
            app.MapGet("/first", () =>
            {
                second.Task.Wait();
                return "first";
            });
            app.MapGet("/second", second.SetResult);
        }, kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
        app.Client.DefaultRequestVersion = HttpVersion.Version20;
        app.Client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        Task<string> first = app.Client.GetStringAsync("/first");
        await app.Client.GetAsync("/second");
        Assert.Equal("first", await first);
    }

    [Theory]
    [InlineData("/blocking")]
    [InlineData("/blocking-inside")]
    [InlineData("/async")]
    public async Task An_exception_reaches_what_comes_before_with_its_stack(string path)
    {
        var caught = new TaskCompletionSource<Exception>();
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.Use(async (context, next) =>
            {
                try
                {
                    await next(context);
                }
                catch (Exception exception)
                {
                    caught.SetResult(exception);
                    context.Response.StatusCode = StatusCodes.Status418ImATeapot;
                }
            });
            app.UseGreenThreads();
            app.Run(context => context.Request.Path.Value switch
            {
                "/blocking" => throw ThrownHere(),
                "/blocking-inside" => GreenThread.Spawn<Task>(() => throw ThrownHere()).Result,
                _ => FailAsync(),
            });
        });
        Assert.Equal(StatusCodes.Status418ImATeapot, (int)(await app.Client.GetAsync(path)).StatusCode);
        FormatException failure = Assert.IsType<FormatException>(await caught.Task);
        Assert.Contains(nameof(ThrownHere), failure.StackTrace, StringComparison.Ordinal);

        static async Task FailAsync()
        {
            await Task.Yield();
            throw ThrownHere();
        }
    }

    [Fact]
    public async Task Locals_activity_and_context_accessor_flow_in_and_changes_stay_inside()
    {
        string? afterwards = "";
        using var activity = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
        };
        ActivitySource.AddActivityListener(activity);
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.Use(async (context, next) =>
            {
                s_local.Value = "from before";
                context.Items["activity"] = Activity.Current;
                await next(context);
                afterwards = s_local.Value;
            });
            app.UseGreenThreads();
            app.MapGet("/", async (HttpContext context, IHttpContextAccessor accessor) =>
            {
                for (int i = 0; i < 2; i++)
                {
                    Assert.Equal("from before", s_local.Value);
                    Assert.NotNull(Activity.Current);
                    Assert.Same(context.Items["activity"], Activity.Current);
                    Assert.Same(context, accessor.HttpContext);
                    await Task.Yield();
                }
                s_local.Value = "changed";
                return "as it should be";
            });
        }, services: builder => builder.Services.AddHttpContextAccessor());
        Assert.Equal("as it should be", await app.Client.GetStringAsync("/"));
        Assert.Equal("from before", afterwards);
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_the_handlers_wait()
    {
        var begun = new TaskCompletionSource();
        var ended = new TaskCompletionSource<Exception>();
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseGreenThreads();
            app.MapGet("/", (HttpContext context) =>
            {
                begun.SetResult();
                try
                {
                    GreenThread.Await(new TaskCompletionSource().Task, context.RequestAborted);
                }
                catch (Exception exception)
                {
                    ended.SetResult(exception);
                    throw;
                }
            });
        });
        using var giveUp = new CancellationTokenSource();
        Task request = app.Client.GetAsync("/", giveUp.Token);
        await begun.Task.WaitAsync(TimeLimit.Generous);
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task.WaitAsync(TimeLimit.Generous));
    }

    [Fact]
    public async Task Responses_are_streamed()
    {
        var firstSeen = new TaskCompletionSource();
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseGreenThreads();
            app.MapGet("/blocking", (HttpContext context) =>
            {
                GreenThread.Await(context.Response.WriteAsync("first "));
                GreenThread.Await(context.Response.Body.FlushAsync());
                firstSeen.Task.Wait();
                GreenThread.Await(context.Response.WriteAsync("second"));
            });
            app.MapGet("/async", (HttpContext context) => ItemsAsync());
        });
        foreach (string path in new[] { "/blocking", "/async" })
        {
            firstSeen = new TaskCompletionSource();
            using HttpResponseMessage response = await app.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
            using Stream body = await response.Content.ReadAsStreamAsync();
            byte[] start = new byte[6];
            await body.ReadExactlyAsync(start);
            firstSeen.SetResult();
            using var rest = new StreamReader(body);
            Assert.Equal(path == "/blocking" ? "first second" : "[\"first\",\"second\"]", Encoding.ASCII.GetString(start) + await rest.ReadToEndAsync());
        }

        async IAsyncEnumerable<string> ItemsAsync()
        {
            yield return "first";
            await firstSeen.Task;
            yield return "second";
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Handlers_read_and_write_synchronously_where_the_server_allows_it(bool isAllowed)
    {
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseGreenThreads();
            app.MapPost("/", (HttpContext context) =>
            {
                try
                {
                    using var reader = new StreamReader(context.Request.Body);
                    string text = reader.ReadToEnd();
                    using var writer = new StreamWriter(context.Response.Body);
                    writer.Write(text);
                    writer.Flush();
                }
                catch (InvalidOperationException)
                {
                    context.Response.StatusCode = StatusCodes.Status403Forbidden;
                }
            });
        }, kestrel => kestrel.AllowSynchronousIO = isAllowed);
        string large = new('x', 1_000_000);
        using HttpResponseMessage response = await app.Client.PostAsync("/", new StringContent(large));
        Assert.Equal(isAllowed ? HttpStatusCode.OK : HttpStatusCode.Forbidden, response.StatusCode);
        if (isAllowed)
            Assert.Equal(large, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Twice_in_the_pipeline_is_as_good_as_once_and_a_branch_can_have_it_alone()
    {
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseWhen(context => context.Request.Path.StartsWithSegments("/green"), branch => branch.UseGreenThreads().Use(next => context =>
            {
                context.Items["first"] = GreenThread.Current;
                return next(context);
            }).UseGreenThreads());
            app.MapGet("/green", (HttpContext context) => $"{GreenThread.Current is not null && context.Items["first"] == GreenThread.Current}");
            app.MapGet("/other", () => $"{GreenThread.Current is null}");
        });
        Assert.Equal("True", await app.Client.GetStringAsync("/green"));
        Assert.Equal("True", await app.Client.GetStringAsync("/other"));
    }

    [Fact]
    public async Task A_shutdown_of_the_group_waits_for_requests_under_way_and_refuses_later_ones()
    {
        var group = new SchedulerGroup(new SchedulerGroupOptions { Schedulers = 1, Name = "closing" });
        var begun = new TaskCompletionSource();
        var gate = new TaskCompletionSource();
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseGreenThreads(new GreenThreadsOptions { Group = group });
            app.MapGet("/", async () =>
            {
                begun.SetResult();
                await gate.Task;
                return "done";
            });
        });
        Task<string> request = app.Client.GetStringAsync("/");
        await begun.Task.WaitAsync(TimeLimit.Generous);
        Task<ShutdownReport> shutdown = Task.Factory.StartNew(() => group.Shutdown(TimeLimit.Generous), TaskCreationOptions.LongRunning);
        gate.SetResult();
        Assert.Equal("done", await request);
        Assert.True((await shutdown).HasDrained);
        Assert.Equal(HttpStatusCode.InternalServerError, (await app.Client.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task Asynchronous_pipelines_that_leave_the_green_threads_work_too()
    {
        await using LoopbackApplication app = await LoopbackApplication.StartAsync(app =>
        {
            app.UseGreenThreads();
            app.MapGet("/", async (HttpContext context) =>
            {
                await Task.Delay(1).ConfigureAwait(false);
                context.Response.Headers["X-After"] = "yes";
                return "left";
            });
        });
        using HttpResponseMessage response = await app.Client.GetAsync("/");
        Assert.Equal("left", await response.Content.ReadAsStringAsync());
        Assert.True(response.Headers.Contains("X-After"));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static FormatException ThrownHere() => throw new FormatException("thrown");
}
