namespace GreenThreads.Analyzers.Tests;

public class ReachTests
{
    private static readonly string[] s_oneSleep = ["GT0001 Thread.Sleep(1)"];

    // Each is the members of a class in which green threads reach Thread.Sleep(1), once.
    public static TheoryData<string> Reached => new()
    {
        // Entries.
        "void M() => GreenThread.Spawn(() => Thread.Sleep(1));",
        "void M() => GreenThread.Spawn(() => { Thread.Sleep(1); return 5; }, \"name\");",
        "void M() => GreenThread.Spawn(delegate { Thread.Sleep(1); });",
        "void M() => GreenThread.SpawnDaemon(() => Thread.Sleep(1));",
        "void M(SchedulerGroup group) => group.Spawn(() => Thread.Sleep(1));",
        "void M(SchedulerGroup group) => group.SpawnDaemon(() => Thread.Sleep(1));",
        "void M(SchedulerGroup group) => group.AtExit(() => Thread.Sleep(1));",
        "void M() => SchedulerGroup.Run(() => Thread.Sleep(1));",
        "void M(GreenScope scope) => scope.Spawn(() => Thread.Sleep(1));",
        "void M(GreenScope scope) => scope.Spawn(() => { Thread.Sleep(1); return 5; }, \"name\");",
        "void M() => GreenScope.Run(scope => scope.Spawn(() => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => GreenScope.Run(scope => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => GreenScope.Run(scope => { Thread.Sleep(1); return 5; }, policy: FailurePolicy.CollectAll));",
        "void M() => GreenThread.Spawn(() => GreenThread.RunShielded(() => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => Foreign.Run(() => Thread.Sleep(1)));",
        "void M() => GreenThread.SpawnLinked(() => Thread.Sleep(1));",
        "void M() => GreenProcess.Spawn<int>(mailbox => Thread.Sleep(1));",
        "void M() => GreenProcess.Spawn<int>(Work); void Work(Mailbox<int> mailbox) { foreach (int i in mailbox) Thread.Sleep(1); }",
        "void M() => ChildSpecification.OfThread(\"child\", () => Thread.Sleep(1));",
        "void M() => ChildSpecification.OfProcess<int>(\"child\", mailbox => Thread.Sleep(1));",
        "void M() => ChildSpecification.StartedBy(\"child\", () => { Thread.Sleep(1); return GreenThread.Spawn(M); });",
        "void M() => SchedulerGroup.Default?.Spawn(Work); void Work() { Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(Work); void Work() => Thread.Sleep(1);",
        "void M() => GreenThread.Spawn(body: new Action(Work)); void Work() => Thread.Sleep(1);",
        "void M() => GreenThread.Spawn((Action)(() => Thread.Sleep(1)));",
        "GreenThread _thread = GreenThread.Spawn(static () => Thread.Sleep(1));",

        // Calls.
        "void M() => GreenThread.Spawn(() => A()); void A() => B(); static void B() { if (true) Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(() => A<int>()); void A<T>() { _ = new List<T>(1) { Make<T>() }; } T Make<T>() { Thread.Sleep(1); return default!; }",
        "void M() => GreenThread.Spawn(() => A(3)); int A(int n) { Thread.Sleep(1); return n == 0 ? 0 : A(n - 1); }",
        "void M() => GreenThread.Spawn(A); void A() => B(); void B() { Thread.Sleep(1); A(); }",
        "void M() => GreenThread.Spawn(() => { Local(); void Local() => Inner(); void Inner() => Thread.Sleep(1); });",
        "void M() { GreenThread.Spawn(Local); void Local() => Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(() => _ = Value); int Value { get { Thread.Sleep(1); return 1; } }",
        "void M() => GreenThread.Spawn(() => _ = Value); int Value => Slow(); int Slow() { Thread.Sleep(1); return 1; }",
        "void M() => GreenThread.Spawn(() => Value = 2); int Value { get => 1; set => Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(() => this[1]++); int this[int i] { get => 1; set => Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(() => Changed += M); event Action Changed { add => Thread.Sleep(1); remove { } }",
        "void M() => GreenThread.Spawn(async () => { await Task.Yield(); Thread.Sleep(1); });",
        "void M() => GreenThread.Spawn(() => { foreach (int i in Numbers()) { } }); IEnumerable<int> Numbers() { Thread.Sleep(1); yield return 1; }",
        "void M() => GreenThread.Spawn(() => A()?.B()); Program? A() => this; void B() => Thread.Sleep(1);",
        "void M() => GreenThread.Spawn(() => _ = this + this); public static Program operator +(Program a, Program b) { Thread.Sleep(1); return a; }",
        "void M() => GreenThread.Spawn(() => _ = System.Linq.Enumerable.Select(new[] { 1 }, A)); int A(int i) { Thread.Sleep(1); return i; }",

        // Types.
        "void M() => GreenThread.Spawn(() => new C()); class C { public C() => Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(() => new D()); class D : C { } class C { public C() => Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(() => new D(1)); class D : C { public D(int i) : base(i) { } } class C { public C(int i) => Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(() => { C c = new(); }); class C { readonly int _i = Slow(); static int Slow() { Thread.Sleep(1); return 1; } }",
        "void M() => GreenThread.Spawn(() => new C(1)); class C(int i) { public int I { get; } = Slow(i); static int Slow(int i) { Thread.Sleep(1); return i; } }",
        "void M(I i) => GreenThread.Spawn(() => i.Do()); interface I { void Do(); } class C : I { public void Do() => Thread.Sleep(1); }",
        "void M(I i) => GreenThread.Spawn(i.Do); interface I { void Do(); } class C : I { void I.Do() => Thread.Sleep(1); }",
        "void M(I<int> i) => GreenThread.Spawn(() => i.Do(1)); interface I<T> { void Do(T t); } class C<T> : I<T> { public void Do(T t) => Thread.Sleep(1); }",
        "void M(I i) => GreenThread.Spawn(() => i.Do()); interface I { void Do() => Thread.Sleep(1); }",
        "void M(I i) => GreenThread.Spawn(() => i.Do()); interface I { void Do(); } class C : I { public virtual void Do() { } } class D : C { public override void Do() => Thread.Sleep(1); }",
        "void M(A a) => GreenThread.Spawn(() => a.Do()); abstract class A { public abstract void Do(); } class B : A { public override void Do() { } } class C : B { public override void Do() => Thread.Sleep(1); }",
        "void M(A a) => GreenThread.Spawn(() => _ = a.P); abstract class A { public abstract int P { get; } } class B : A { public override int P => Slow(); int Slow() { Thread.Sleep(1); return 1; } }",
        "void M<T>(T t) where T : I => GreenThread.Spawn(() => t.Do()); interface I { void Do(); } struct S : I { public void Do() => Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(() => { using C c = new(); }); class C : IDisposable { public void Dispose() => Thread.Sleep(1); }",
        "void M(I i) => GreenThread.Spawn(() => { using (i) { } }); interface I : IDisposable { } class C : I { public void Dispose() => Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(P.A); partial class P { public static partial void A(); } partial class P { public static partial void A() => Thread.Sleep(1); }",

        // Delegates.
        "void M() { Action a = () => Thread.Sleep(1); GreenThread.Spawn(a); }",
        "void M() { Action a = () => { }; a = () => Thread.Sleep(1); GreenThread.Spawn(a); }",
        "void M() { var a = () => Thread.Sleep(1); GreenThread.Spawn(() => a()); }",
        "void M() => GreenThread.Spawn(() => { Action a = () => Thread.Sleep(1); a(); });",
        "void M(bool b) => GreenThread.Spawn(b ? Work : () => { }); void Work() => Thread.Sleep(1);",
        "Action _work = () => Thread.Sleep(1); void M() => GreenThread.Spawn(_work);",
        "Action? _work; void M() { _work = () => Thread.Sleep(1); GreenThread.Spawn(() => _work?.Invoke()); }",
        "Action Work { get; init; } = () => { }; void M() => GreenThread.Spawn(Work); static Program Make() => new() { Work = () => Thread.Sleep(1) };",
        "Action Work => () => Thread.Sleep(1); void M() => GreenThread.Spawn(Work);",
        "Action Make() { return () => Thread.Sleep(1); } void M() => GreenThread.Spawn(Make());",
        "event Action? Changed; void M() { Changed += () => Thread.Sleep(1); GreenThread.Spawn(() => Changed()); }",
        "void Start(Action a) => GreenThread.Spawn(a); void M() => Start(() => Thread.Sleep(1));",
        "void Start(Action a) => More(a); void More(Action b) => GreenThread.Spawn(b); void M() => Start(() => Thread.Sleep(1));",
        "void Serve(Action<int> a) { GreenThread.Spawn(() => a(1)); } void M() => Serve(i => Thread.Sleep(1));",
        "void M(I i) => i.Start(() => Thread.Sleep(1)); interface I { void Start(Action a); } class C : I { public void Start(Action b) => GreenThread.Spawn(b); }",
        "void M() => new C(() => Thread.Sleep(1)).Start(); class C { Action _a; public C(Action a) => _a = a; public void Start() => GreenThread.Spawn(() => _a()); }",
        "void M() { C c = new(() => Thread.Sleep(1)); } class C(Action a) { public void Start() => GreenThread.Spawn(() => a()); }",
        "void M() { R r = new(() => Thread.Sleep(1)); GreenThread.Spawn(r.Work); } record R(Action Work);",
        "void M() => E.Start(1, () => Thread.Sleep(1)); void N() { } static class E { public static void Start(int i, Action a) => GreenThread.Spawn(a); }",
        "void M() => GreenThread.Spawn(() => new List<int>().ForEach(i => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => new List<int>().ForEach(Work)); void Work(int i) => Thread.Sleep(1);",

        // Passed elsewhere and spawned from there.
        "void M() => Task.Run(() => GreenThread.Spawn(() => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => Task.Run(Make())); Action Make() { Thread.Sleep(1); return () => { }; }",
    };

    // Each mentions green threads and Thread.Sleep(1), and no green thread runs it.
    public static TheoryData<string> NotReached => new()
    {
        "void M() { GreenThread.Spawn(() => { }); Thread.Sleep(1); }",
        "void M() => GreenThread.Spawn(Work); void Work() { } void Other() => Thread.Sleep(1);",
        "void M() { Thread.Sleep(1); M(); }",
        "void M() => GreenThread.Spawn(() => Task.Run(() => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => Task.Run(Work)); void Work() => Thread.Sleep(1);",
        "void M() => GreenThread.Spawn(() => Compute.Run(() => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => Foreign.RunBlocking(() => { Thread.Sleep(1); return 5; }));",
        "void M() => GreenThread.Spawn(() => { Action a = () => Thread.Sleep(1); Task.Run(a); });",
        "void M() => GreenThread.Spawn(() => Task.Factory.StartNew(() => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => new Task(() => Thread.Sleep(1)).Start());",
        "void M() => GreenThread.Spawn(() => new Thread(() => Thread.Sleep(1)).Start());",
        "void M() => GreenThread.Spawn(() => { Thread t = new(Work); }); void Work() => Thread.Sleep(1);",
        "void M() => GreenThread.Spawn(() => ThreadPool.QueueUserWorkItem(_ => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => { using Timer t = new(_ => Thread.Sleep(1)); });",
        "void M(Task task) => GreenThread.Spawn(() => task.ContinueWith(_ => Thread.Sleep(1)));",
        "void M() => GreenThread.Spawn(() => { void Unused() => Thread.Sleep(1); });",
        "void M() => GreenThread.Spawn(() => { Action unused = () => Thread.Sleep(1); });",
        "void M() => GreenThread.Spawn(() => { string s = nameof(Work); }); void Work() => Thread.Sleep(1);",
        "void M() => GreenThread.Spawn(() => Value = 2); int Value { get { Thread.Sleep(1); return 1; } set { } }",
        "void M(A a) => GreenThread.Spawn(() => a.Do()); class A { public virtual void Do() { } } class B { public virtual void Do() => Thread.Sleep(1); }",
        "class A { public virtual void Do() => Thread.Sleep(1); } class B : A { public override void Do() { } void M() => GreenThread.Spawn(() => new B().Do()); }",
        "void M() => GreenThread.Spawn(() => Retry(() => { })); void N() => Retry(() => Thread.Sleep(1)); void Retry(Action a) => a();",
        "void M(IEnumerable<int> n) => GreenThread.Spawn(() => { foreach (int i in n) { } }); class C : IDisposable { public void Dispose() => Thread.Sleep(1); }",
        "void M() => Start(() => { }, () => Thread.Sleep(1)); void Start(Action a, Action b) => GreenThread.Spawn(a);",
        "void M(int a) { } Action Work = () => Thread.Sleep(1); class C { Action Work = () => { }; void M() => GreenThread.Spawn(Work); }",
        "void M() => Mine.Spawn(() => Thread.Sleep(1)); static class Mine { public static void Spawn(Action a) => a(); }",
    };

    [Theory]
    [MemberData(nameof(Reached))]
    public void A_sleep_that_green_threads_reach_is_reported_once(string members) => Assert.Equal(s_oneSleep, Snippet.Report(members));

    [Theory]
    [MemberData(nameof(NotReached))]
    public void A_sleep_that_no_green_thread_reaches_is_not_reported(string members) => Assert.Empty(Snippet.Report(members));

    [Fact]
    public void A_call_that_several_entries_reach_is_reported_once() =>
        Assert.Equal(s_oneSleep, Snippet.Report("void M() { GreenThread.Spawn(A); GreenThread.Spawn(B); SchedulerGroup.Run(A); } void A() => B(); void B() => Thread.Sleep(1);"));

    // Types of the snippet's own hide the library's, so that this holds whichever overloads there are.
    [Theory]
    [InlineData("GreenThread.Run(() => Thread.Sleep(1))")]
    [InlineData("GreenThread.Run(() => { Thread.Sleep(1); return 5; })")]
    [InlineData("GreenThread.Run(async () => { await Task.Yield(); Thread.Sleep(1); })")]
    public void Run_of_a_green_thread_is_an_entry_whatever_it_takes(string call) => Assert.Equal(s_oneSleep, Snippet.ReportFiles(
        Snippet.Usings + $"class Program {{ void M() => {call}; }}",
        """
        using System;
        using System.Threading.Tasks;
        namespace GreenThreads
        {
            public class GreenThread
            {
                public static Task Run(Action body) => Task.CompletedTask;
                public static Task<T> Run<T>(Func<T> body) => Task.FromResult(default(T)!);
                public static Task Run(Func<Task> body) => Task.CompletedTask;
            }
        }
        """));

    [Fact]
    public void Ways_lead_through_other_files() => Assert.Equal(s_oneSleep, Snippet.ReportFiles(
        Snippet.Usings + "class Blocking { public static void Nap() => Thread.Sleep(1); public static void Other() => Thread.Sleep(2); }",
        Snippet.Usings + "class Middle { public static void Go() => Blocking.Nap(); }",
        Snippet.Usings + "class Start { static void Main2() => GreenThread.Spawn(Middle.Go); }"));

    [Fact]
    public void Top_level_statements_may_spawn_local_functions_and_lambdas()
    {
        string[] report = Snippet.ReportProgram("GreenThread.Spawn(Work); GreenThread.Spawn(() => Thread.Sleep(1)); Thread.Sleep(3); static void Work() => Thread.Sleep(2);");
        Assert.Equal(["GT0001 Thread.Sleep(1)", "GT0001 Thread.Sleep(2)"], report);
    }

    [Fact]
    public void A_way_through_generated_code_counts_and_nothing_is_reported_in_it() => Assert.Equal(s_oneSleep, Snippet.ReportFiles(
        Snippet.Usings + "class Start { static void M() => GreenThread.Spawn(Middle.Go); public static void Nap() => Thread.Sleep(1); }",
        "// <auto-generated/>\n" + Snippet.Usings + "class Middle { public static void Go() { Thread.Sleep(2); Start.Nap(); } }"));
}
