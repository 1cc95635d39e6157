/** The operations a first visit opens with; later visits find their own tabs again. */
export const tabs: { query: string; variables?: string }[] = [
  {
    // No variables here: of the tab that is open first, GraphiQL shows only the query.
    query: `# Ctrl-Enter runs it.
mutation CreateJob {
  createJob(input: {
    type: "cpu.burn"
    payload: { ms: 2000 }
  }) {
    job {
      id
      type
      status
      createdAt
    }
    userErrors {
      code
      message
      path
    }
  }
}
`,
  },
  {
    query: `# Stays open: first the newest jobs, then every change.
# It stops when you leave the tab: to see jobs move,
# create them from a second window.
subscription WatchJobs {
  jobsUpdated {
    changed {
      id
      type
      status
      progress
    }
    removed
  }
}
`,
  },
  {
    query: `query ListJobs {
  jobs(first: 20) {
    nodes {
      id
      type
      status
      priority
      progress
      createdAt
      finishedAt
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`,
  },
  {
    query: `# Put a job's id into the variables below.
mutation AbortJob($id: ID!) {
  abortJob(input: { id: $id }) {
    job {
      id
      status
      abortRequestedAt
    }
    userErrors {
      code
      message
    }
  }
}
`,
    variables: `{
  "id": ""
}`,
  },
];
