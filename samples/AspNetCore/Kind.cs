namespace GreenThreads.AspNetCoreSample;

/// <summary>How the endpoint waits, and on what.</summary>
internal enum Kind
{
    /// <summary>It blocks, without green threads: a thread of the pool for each request that waits.</summary>
    Without,

    /// <summary>The same code with <c>app.UseGreenThreads()</c>.</summary>
    With,

    /// <summary>Rewritten with <c>await</c>, without green threads: for comparison.</summary>
    Async,
}
